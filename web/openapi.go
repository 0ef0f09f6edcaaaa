package web

import (
	"encoding"
	"encoding/json"
	"net/http"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"preau/school"
)

// schema is a JSON schema as OpenAPI 3.0 has it.
type schema map[string]any

// addOpenAPI makes the document of the API from the endpoint table, once, and
// gives it its own address.
func (s *Server) addOpenAPI() error {
	doc, err := json.Marshal(s.document())
	if err != nil {
		return err
	}
	s.openapi = doc
	e := &entry{RouteInfo: RouteInfo{Method: http.MethodGet, Path: apiPrefix + "/openapi.json", Access: school.Public(), API: true}, plain: true}
	e.endpoint = &Endpoint{Method: http.MethodGet, Path: "/openapi.json", Access: school.Public(), Handle: func(*Ctx) (any, error) {
		return replayed{http.StatusOK, s.openapi}, nil
	}}
	s.entries = append(s.entries, e)
	s.echo.Add(e.Method, e.Path, func(ec echo.Context) error { return s.run(ec, e) })
	return nil
}

func (s *Server) document() schema {
	d := drawer{seen: schema{"Error": errorSchema()}}
	paths := schema{}
	for _, e := range s.entries {
		if !e.API {
			continue
		}
		path := strings.TrimPrefix(e.Path, apiPrefix)
		if paths[path] == nil {
			paths[path] = schema{}
		}
		paths[path].(schema)[strings.ToLower(e.Method)] = d.operation(e)
	}
	return schema{
		"openapi":    "3.0.3",
		"info":       schema{"title": "Préau", "version": version(s.o.Version)},
		"servers":    []schema{{"url": apiPrefix}},
		"paths":      paths,
		"components": schema{"schemas": d.seen, "securitySchemes": schema{"token": schema{"type": "http", "scheme": "bearer"}}},
	}
}

func version(v string) string {
	if v == "" {
		return "0"
	}
	return v
}

func errorSchema() schema {
	text := schema{"type": "string"}
	return schema{
		"type": "object", "required": []string{"error"},
		"properties": schema{"error": schema{
			"type": "object", "required": []string{"key", "field", "message"},
			"properties": schema{"key": text, "field": text, "message": text},
		}},
	}
}

// drawer collects the schemas of named types as it meets them. What is sent may
// leave fields out; what is answered holds every field that Go always writes.
type drawer struct {
	seen  schema
	input bool
}

var inPath = regexp.MustCompile(`\{([a-z_]+)\}`)

func (d drawer) operation(e *entry) schema {
	ep := e.endpoint
	op := schema{"summary": ep.Summary, "responses": schema{
		strconv.Itoa(ep.status()): schema{"description": "done", "content": jsonOf(d.of(reflect.TypeOf(ep.Out)))},
		"default":                 schema{"description": "refused", "content": jsonOf(schema{"$ref": "#/components/schemas/Error"})},
	}}
	var params []schema
	for _, m := range inPath.FindAllStringSubmatch(e.Path, -1) {
		params = append(params, schema{"name": m[1], "in": "path", "required": true, "schema": schema{"type": "string"}})
	}
	for _, q := range ep.Query {
		params = append(params, schema{"name": q, "in": "query", "schema": schema{"type": "string"}})
	}
	if e.Method != http.MethodGet {
		params = append(params, schema{"name": "Idempotency-Key", "in": "header", "schema": schema{"type": "string", "maxLength": 200}})
	}
	if params != nil {
		op["parameters"] = params
	}
	if ep.In != nil {
		sent := drawer{seen: d.seen, input: true}
		op["requestBody"] = schema{"content": jsonOf(sent.of(reflect.TypeOf(ep.In)))}
	}
	if !ep.Access.Public {
		op["security"] = []schema{{"token": []string{}}}
	}
	return op
}

func jsonOf(s schema) schema { return schema{"application/json": schema{"schema": s}} }

var (
	timeType = reflect.TypeFor[time.Time]()
	textType = reflect.TypeFor[encoding.TextMarshaler]()
	rawType  = reflect.TypeFor[json.RawMessage]()
)

// of is the schema of a Go type as encoding/json writes it.
func (d drawer) of(t reflect.Type) schema {
	if t == nil {
		return schema{}
	}
	switch {
	case t == timeType:
		return schema{"type": "string", "format": "date-time"}
	case t == rawType:
		return schema{}
	case t.Kind() != reflect.Pointer && t.Implements(textType):
		return schema{"type": "string"}
	}
	switch t.Kind() {
	case reflect.Pointer:
		inner := d.of(t.Elem())
		if ref, ok := inner["$ref"]; ok {
			return schema{"allOf": []schema{{"$ref": ref}}, "nullable": true}
		}
		inner["nullable"] = true
		return inner
	case reflect.Bool:
		return schema{"type": "boolean"}
	case reflect.String:
		return schema{"type": "string"}
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return schema{"type": "integer"}
	case reflect.Float32, reflect.Float64:
		return schema{"type": "number"}
	case reflect.Slice, reflect.Array:
		if t.Elem().Kind() == reflect.Uint8 {
			return schema{"type": "string", "format": "byte"}
		}
		return schema{"type": "array", "items": d.of(t.Elem()), "nullable": true}
	case reflect.Map:
		return schema{"type": "object", "additionalProperties": d.of(t.Elem()), "nullable": true}
	case reflect.Struct:
		return d.object(t)
	default:
		return schema{}
	}
}

func (d drawer) object(t reflect.Type) schema {
	name := t.Name()
	if name != "" {
		name = strings.ReplaceAll(t.String(), ".", "_")
		if d.input {
			name += "_sent"
		}
		if _, ok := d.seen[name]; ok {
			return schema{"$ref": "#/components/schemas/" + name}
		}
		d.seen[name] = schema{} // a type may hold itself
	}
	props := schema{}
	always := d.fields(t, props)
	obj := schema{"type": "object", "properties": props}
	if !d.input && always != nil {
		obj["required"] = always
	}
	if name == "" {
		return obj
	}
	d.seen[name] = obj
	return schema{"$ref": "#/components/schemas/" + name}
}

// fields describes the fields of a struct and lists those that are never left out.
func (d drawer) fields(t reflect.Type, props schema) (always []string) {
	for i := range t.NumField() {
		f := t.Field(i)
		tag, rest, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case tag == "-" || !f.IsExported() && !f.Anonymous:
			continue
		case f.Anonymous && tag == "":
			inner := f.Type
			if inner.Kind() == reflect.Pointer {
				inner = inner.Elem()
			}
			if inner.Kind() == reflect.Struct {
				always = append(always, d.fields(inner, props)...)
			}
			continue
		case tag == "":
			tag = f.Name
		}
		props[tag] = d.of(f.Type)
		if !strings.Contains(rest, "omit") {
			always = append(always, tag)
		}
	}
	return always
}
