package main

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
)

// goLiteral is the Go expression of a value made of structs, slices, texts, numbers and flags, without the fields
// that are zero.
func goLiteral(v reflect.Value) string {
	switch v.Kind() {
	case reflect.Struct:
		var b strings.Builder
		for i := range v.NumField() {
			if f := v.Field(i); !f.IsZero() {
				fmt.Fprintf(&b, "%s: %s, ", v.Type().Field(i).Name, goLiteral(f))
			}
		}
		return fmt.Sprintf("%s{%s}", v.Type().Name(), b.String())
	case reflect.Slice:
		parts := make([]string, v.Len())
		for i := range parts {
			parts[i] = goLiteral(v.Index(i))
		}
		return fmt.Sprintf("[]%s{%s}", v.Type().Elem().Name(), strings.Join(parts, ", "))
	case reflect.Pointer:
		return "&" + goLiteral(v.Elem())
	case reflect.String:
		return literal(v.String())
	case reflect.Int:
		return strconv.FormatInt(v.Int(), 10)
	case reflect.Float64:
		return strconv.FormatFloat(v.Float(), 'g', -1, 64)
	case reflect.Bool:
		return strconv.FormatBool(v.Bool())
	}
	panic("no literal of " + v.Type().String())
}
