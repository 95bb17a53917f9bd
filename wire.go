package restarter

import (
	"encoding/binary"
	"errors"
	"os"
)

// wire is what the files of the private directory are written in: numbers as varints, strings behind their length.
type wire []byte

func (w *wire) int(numbers ...int64) {
	for _, n := range numbers {
		*w = binary.AppendVarint(*w, n)
	}
}

func (w *wire) string(texts ...string) {
	for _, s := range texts {
		w.int(int64(len(s)))
		*w = append(*w, s...)
	}
}

func (w *wire) strings(lists ...[]string) {
	for _, list := range lists {
		w.int(int64(len(list)))
		w.string(list...)
	}
}

func (w *wire) stamp(s stamp) { w.int(s.mtime, s.ctime, s.size, int64(s.mode), int64(s.hash)) }

func (w *wire) recipe(r *recipe) {
	w.string(r.Command, r.Dead, r.Dir, r.Module)
	w.strings(r.Env, r.Flags, r.Targets, r.Custom)
}

func bit(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

type wireReader struct {
	data []byte
	err  error
}

func (r *wireReader) int() int64 {
	n, size := binary.Varint(r.data)
	if size <= 0 {
		r.data, r.err = nil, errors.New("cut short")
		return 0
	}
	r.data = r.data[size:]
	return n
}

func (r *wireReader) string() string {
	n := r.int()
	if n < 0 || n > int64(len(r.data)) {
		r.data, r.err = nil, errors.New("cut short")
		return ""
	}
	s := string(r.data[:n])
	r.data = r.data[n:]
	return s
}

func (r *wireReader) strings() (list []string) {
	for n := r.int(); n > 0 && r.err == nil; n-- {
		list = append(list, r.string())
	}
	return list
}

func (r *wireReader) stamp() stamp {
	return stamp{mtime: r.int(), ctime: r.int(), size: r.int(), mode: os.FileMode(r.int()), hash: uint64(r.int())}
}

func (r *wireReader) recipe() recipe {
	return recipe{Command: r.string(), Dead: r.string(), Dir: r.string(), Module: r.string(),
		Env: r.strings(), Flags: r.strings(), Targets: r.strings(), Custom: r.strings()}
}
