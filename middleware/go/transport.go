// SPDX-License-Identifier: Apache-2.0

package profiler

import (
	"io"
	"net/http"
)

type transport struct{ base http.RoundTripper }

// Transport counts the time of outgoing calls whose request carries the context of a measured one, their bodies included. A nil
// base means http.DefaultTransport.
//
//	client := &http.Client{Transport: profiler.Transport(nil)}
func Transport(base http.RoundTripper) http.RoundTripper {
	if base == nil {
		base = http.DefaultTransport
	}
	return &transport{base}
}

func (t *transport) RoundTrip(request *http.Request) (*http.Response, error) {
	measured := FromContext(request.Context())
	if measured == nil {
		return t.base.RoundTrip(request)
	}
	end := measured.StartExternal()
	response, err := t.base.RoundTrip(request)
	end()
	// The body of a switched protocol is a connection that others may write to.
	if err == nil && response.Body != nil && response.StatusCode != http.StatusSwitchingProtocols {
		response.Body = &timedBody{response.Body, measured}
	}
	return response, err
}

type timedBody struct {
	io.ReadCloser
	measured *Measured
}

func (b *timedBody) Read(into []byte) (int, error) {
	defer b.measured.StartExternal()()
	return b.ReadCloser.Read(into)
}
