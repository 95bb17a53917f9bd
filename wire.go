package restarter

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"path/filepath"
	"reflect"
)

// format changes whenever settings, handover or what they are made of do: the child may have
// been built with another version of this package than its parent.
const format = 3

var (
	errFormat = errors.New("the parent was built with another version of restarter; start it again")
	errShort  = errors.New("cut short")
)

// writeFile writes a struct, or what a pointer leads to, to a file of the private directory, so that it appears whole: the
// format, then all fields, numbers as varints, strings and slices behind their length.
func writeFile(dir, name string, v any) error {
	name = filepath.Join(dir, name)
	f, err := os.OpenFile(name+".new", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600) // each has one writer
	if err != nil {
		return err
	}
	if err = encode(f, v); err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		os.Remove(f.Name())
	}
	return err
}

// appendFile adds a struct to a file that the parent has removed before it launched this process, or
// nothing, if there is no room.
func appendFile(dir, name string, v any) error {
	if !isPrivate(dir) {
		return os.ErrNotExist
	}
	f, err := os.OpenFile(filepath.Join(dir, name), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	info, err := f.Stat()
	if err != nil {
		f.Close()
		return err
	}
	if err = encode(f, v); err != nil {
		os.Truncate(f.Name(), info.Size())
	}
	return err
}

func encode(f *os.File, v any) error {
	w := bufio.NewWriter(f)
	put(w, reflect.ValueOf(format))
	put(w, reflect.Indirect(reflect.ValueOf(v)))
	err := w.Flush()
	if err2 := f.Close(); err == nil {
		err = err2
	}
	return err
}

func put(w *bufio.Writer, v reflect.Value) {
	var n int64
	switch v.Kind() {
	case reflect.Struct:
		for i := 0; i < v.NumField(); i++ {
			put(w, v.Field(i))
		}
		return
	case reflect.Slice, reflect.String:
		n = int64(v.Len())
	case reflect.Bool:
		if v.Bool() {
			n = 1
		}
	default:
		if v.CanInt() {
			n = v.Int()
		} else {
			n = int64(v.Uint())
		}
	}
	w.Write(binary.AppendVarint(w.AvailableBuffer(), n))
	if v.Kind() == reflect.String {
		w.WriteString(v.String())
	} else if v.Kind() == reflect.Slice {
		for i := 0; i < v.Len(); i++ {
			put(w, v.Index(i))
		}
	}
}

// readFile reads what writeFile wrote into the struct that v points to, or as many of its fields
// as there are in v.
func readFile(dir, name string, v any) error {
	r, err := openFile(dir, name)
	if err != nil {
		return err
	}
	defer r.Close()
	if r.next() {
		r.get(reflect.ValueOf(v).Elem())
	}
	return r.err
}

// A reader reads the structs of a file.
type reader struct {
	*os.File
	in   *bufio.Reader
	size int64 // of the file: nothing in it is longer
	err  error // the first
}

func openFile(dir, name string) (*reader, error) {
	f, err := os.Open(filepath.Join(dir, name))
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err != nil {
		f.Close()
		return nil, err
	}
	return &reader{File: f, in: bufio.NewReader(f), size: info.Size()}, nil
}

// next reports whether a struct follows that this program can read.
func (r *reader) next() bool {
	if r.int() != format && r.err == nil {
		r.err = errFormat
	}
	return r.err == nil
}

func (r *reader) int() (n int64) {
	if r.err == nil {
		n, r.err = binary.ReadVarint(r.in)
	}
	return n
}

// length reads how many bytes or elements follow. No element takes less than a byte.
func (r *reader) length() int {
	n := r.int()
	if n < 0 || n > r.size {
		n, r.err = 0, errShort
	}
	return int(n)
}

func (r *reader) get(v reflect.Value) {
	switch v.Kind() {
	case reflect.Struct:
		for i := 0; i < v.NumField(); i++ {
			r.get(v.Field(i))
		}
	case reflect.Slice:
		if n := r.length(); n > 0 {
			v.Set(reflect.MakeSlice(v.Type(), n, n))
		}
		for i := 0; i < v.Len() && r.err == nil; i++ {
			r.get(v.Index(i))
		}
	case reflect.String:
		text := make([]byte, r.length())
		if _, err := io.ReadFull(r.in, text); r.err == nil {
			r.err = err
		}
		v.SetString(string(text))
	case reflect.Bool:
		v.SetBool(r.int() != 0)
	default:
		if n := r.int(); v.CanInt() {
			v.SetInt(n)
		} else {
			v.SetUint(uint64(n))
		}
	}
}
