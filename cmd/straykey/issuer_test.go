package main

import (
	"bytes"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path"
	"strconv"
	"sync"

	"github.com/rogpeppe/go-internal/testscript"
)

// issuer is `issuer ANSWER LOG`: it starts a server on loopback that answers every request with what the file ANSWER
// holds at that moment, a status on the first line and JSON on the others, and appends to LOG who was asked what. A file
// ANSWER.METHOD goes before it for that method, and ANSWER.NAME for the last name of the path before both. Once a POST or
// DELETE was answered with a status below 300, the file ANSWER.after goes before all, if there is one.
// The variable ISSUER is its address, and ca.pem its certificate.
func issuer(ts *testscript.TestScript, _ bool, args []string) {
	answer, log := ts.MkAbs(args[0]), ts.MkAbs(args[1])
	var mu sync.Mutex
	changed := false
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		var data []byte
		err := os.ErrNotExist
		names := []string{answer + "." + path.Base(r.URL.Path), answer + "." + r.Method, answer}
		if changed {
			names = append([]string{answer + ".after"}, names...)
		}
		for _, name := range names {
			if data, err = os.ReadFile(name); err == nil {
				break
			}
		}
		first, body, _ := bytes.Cut(data, []byte("\n"))
		status, bad := strconv.Atoi(string(first))
		if err != nil || bad != nil {
			status, body = http.StatusInternalServerError, nil
		}
		if r.Method != http.MethodGet && status < 300 {
			changed = true
		}
		f, err := os.OpenFile(log, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
		if err == nil {
			fmt.Fprintf(f, "%s %s %q\n", r.Method, r.URL.Path, r.Header.Get("Authorization"))
			f.Close()
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		w.Write(body)
	}))
	ts.Defer(server.Close)
	cert := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	ts.Check(os.WriteFile(ts.MkAbs("ca.pem"), cert, 0o600))
	ts.Setenv("ISSUER", server.URL)
}
