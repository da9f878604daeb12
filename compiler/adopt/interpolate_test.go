package adopt

import (
	"strings"
	"testing"
)

func TestInterpolate(t *testing.T) {
	environments := []string{"staging", "production"}
	facts := []fact{
		{"name", map[string]string{"staging": "staging", "production": "production"}},
		{"domain", map[string]string{"staging": "staging.shop.test", "production": "shop.test"}},
		{"account", map[string]string{"staging": "111", "production": "222"}},
		{"region", map[string]string{"staging": "eu", "production": "eu"}},
		{"stagingOnly", map[string]string{"staging": "only"}},
	}
	for _, c := range []struct{ staging, production, want string }{
		{"staging", "production", `name`},
		{"db-staging-1", "db-production-1", `"db-\(name)-1"`},
		{"https://www.staging.shop.test/x", "https://www.shop.test/x", `"https://www.\(domain)/x"`},
		{"arn:111:role/a", "arn:222:role/a", `"arn:\(account):role/a"`},
		{"staging.shop.test by staging", "shop.test by production", `"\(domain) by \(name)"`},
		{"staging-staging", "production-production", `"\(name)-\(name)"`},
		{"staging\n\"quoted\"\n", "production\n\"quoted\"\n", "\"\"\"\n\t\\(name)\n\t\"quoted\"\n\n\t\"\"\""},
		{`staging \ "a"`, `production \ "a"`, `#"\#(name) \ "a""#`},
		{"prestaging", "preproduction", ""},              // not a word of its own
		{"staging1", "production1", ""},                  //
		{"staging a", "production b", ""},                // something else differs too
		{"staging", "staging ", ""},                      //
		{"1", "2", ""},                                   //
		{"staging.shop.test", "www.shop.test", ""},       //
		{"only", "other", ""},                            //
		{"a staging b", "a production b production", ""}, //
	} {
		f := factoring{environments: environments, facts: facts}
		term, ok := f.express([]*node{{scalar: c.staging}, {scalar: c.production}}, environments)
		if !ok {
			if c.want != "" {
				t.Errorf("%q and %q have nothing in common", c.staging, c.production)
			}
			continue
		}
		got := term.expr
		if got == "" {
			got = term.scalar(0)
		}
		if got != c.want {
			t.Errorf("%q and %q are %s, want %s", c.staging, c.production, got, c.want)
		}
	}
}

// TestInterpolateLong: two long texts that differ late are given up in no time.
func TestInterpolateLong(t *testing.T) {
	f := factoring{facts: []fact{{"name", map[string]string{"a": "aaa", "b": "aaa-"}}}}
	long := strings.Repeat("aaa-", 3000)
	if _, ok := f.express([]*node{{scalar: long + "x"}, {scalar: long + "y"}}, []string{"a", "b"}); ok {
		t.Error("they cannot be one")
	}
}
