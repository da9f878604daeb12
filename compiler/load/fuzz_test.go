package load

import (
	"errors"
	"strings"
	"testing"
	"testing/fstest"

	"cuelang.org/go/cue/parser"

	"github.com/pintle-dev/pintle/compiler/diag"
)

// Whatever stands in a CUE file, it is read, or it is said what is wrong with it and where.
func FuzzFile(f *testing.F) {
	for _, file := range []string{
		"package apps\n\nhello: #Web & {owner: \"a\"}\n",
		"package apps\n\nasset-manager: {\n",
		"package apps\nimport \"list\"\n\"x\": [for i in list.Range(0, 3, 1) if i > 1 {\"\\(i)\"}]\n",
		"package apps\n@if(x)\n@a(((\n", "package other\n", "x: 010\ny = 1\n- z\n# comment\n",
		"<<<<<<< HEAD\n=======\n>>>>>>>\n", "package apps\nx: \"\"\"\n\ta\n", "\x00\xff\ufeff", "}{][)(", "",
	} {
		f.Add([]byte(file))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		config, err := FS(".", fstest.MapFS{
			"cue.mod/module.cue":      {Data: []byte("module: \"example.org/config@v0\"\nlanguage: version: \"v0.17.0\"\n")},
			"environments/places.cue": {Data: []byte("package environments\n")},
			"apps/x/x.cue":            {Data: data},
		})
		if err != nil {
			t.Fatal(err)
		}
		insts, err := config.Source(config.Units...)()
		if err != nil || len(insts) != 1 {
			t.Fatalf("%d packages, %v", len(insts), err)
		}
		for _, app := range config.Apps() {
			if _, ok := config.UnitOf(app); !ok {
				t.Errorf("no unit has the app %q", app)
			}
		}
		_, err = parse("x.cue", data, parser.NewConfig(parser.ParseComments))
		var findings diag.List
		if err != nil && !errors.As(err, &findings) {
			t.Fatal(err)
		}
		lines := 1 + strings.Count(string(data), "\n")
		for _, f := range findings {
			if f.What == "" || f.Where.Line < 1 || f.Where.Line > lines || f.Where.Column < 1 {
				t.Errorf("%+v in %d lines", f, lines)
			}
		}
	})
}

// A module file that is none is a finding too.
func FuzzModule(f *testing.F) {
	f.Add([]byte("module: \"example.org/config@v0\"\nlanguage: version: \"v0.17.0\"\n"))
	f.Add([]byte("module: [[[["))
	f.Add([]byte("deps: \"a.b/c@v0\": v: \"v0.1.0\"\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		_, err := FS(".", fstest.MapFS{
			"cue.mod/module.cue":      {Data: data},
			"environments/places.cue": {Data: []byte("package environments\n")},
			"apps/x/x.cue":            {Data: []byte("package apps\n")},
		})
		var findings diag.List
		if err != nil && !errors.As(err, &findings) {
			t.Fatal(err)
		}
	})
}
