package main

import (
	"io"
	"net"
	"net/http"
)

// httpHelloServe answers every request with a short text until the process ends.
func httpHelloServe(listener net.Listener) error {
	hello := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		// A client that goes away in the middle of a response is no fault of the server.
		_, _ = io.WriteString(w, "Hello, World!")
	}
	return http.Serve(listener, http.HandlerFunc(hello))
}
