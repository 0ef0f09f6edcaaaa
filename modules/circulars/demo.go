package circulars

import (
	"context"

	"preau/appliance"
)

func demo(context.Context, *appliance.Demo) error { return nil }
