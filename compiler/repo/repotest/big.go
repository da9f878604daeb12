package repotest

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// bigVersion names what Big makes; raise it with every change, or old caches are taken for new ones.
const bigVersion = 2

const (
	images   = 60
	minFiles = images*3 + 3 + 1
)

var environments = []string{"integration", "staging", "production"}

// Big makes a bare repository the size of a charts repo with some years behind it, all in one pack with
// a bitmap, and returns its folder. The same arguments give the same commits:
//
//	charts/app-config/image-tags/<environment>/<image>   for 60 images and 3 environments
//	charts/app-config/values-<environment>.yaml          60 apps, about 4,000 lines
//	charts/<name>/templates/<nn>.yaml                    the rest of the files
//
// Each commit after the first moves one tag: an image comes to integration, then to staging, then to
// production. What was made once is kept in the temp folder of the machine, and every caller gets a copy
// whose pack is a hard link; it may push to it.
func Big(t testing.TB, commits, files int) string {
	t.Helper()
	if commits < 1 || files < minFiles {
		t.Fatalf("a big repo has at least 1 commit and %d files", minFiles)
	}
	cache := filepath.Join(os.TempDir(), fmt.Sprintf("pintle-bench-%d-%d", commits, files), fmt.Sprintf("v%d.git", bigVersion))
	if _, err := os.Stat(cache); errors.Is(err, fs.ErrNotExist) {
		makeBig(t, cache, commits, files)
	} else if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(tempDir(t), "remote.git")
	Git(t, filepath.Dir(dir), "clone", "--quiet", "--bare", "--local", "--template=", cache, dir)
	Git(t, dir, "remote", "remove", "origin")
	configure(t, dir)
	return dir
}

// makeBig fills a folder beside the cache and renames it at the end. Who loses a race takes what the
// winner made; it is the same.
func makeBig(t testing.TB, cache string, commits, files int) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(cache), 0o755); err != nil {
		t.Fatal(err)
	}
	work, err := os.MkdirTemp(filepath.Dir(cache), "making-*")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(work)
	dir := filepath.Join(work, "remote.git")
	initBare(t, dir)
	history(commits, files).send(t, dir)
	// The deltas that fast-import chose are as small as those that a search would find.
	Git(t, dir, "repack", "-a", "-d", "-q", "--window=0", "--write-bitmap-index")
	if err := os.Rename(dir, cache); err != nil && !errors.Is(err, fs.ErrExist) {
		t.Fatal(err)
	}
}

func history(commits, files int) *stream {
	s := &stream{}
	s.commit("charts", start)
	for image := range images {
		for _, env := range environments {
			s.file(tagPath(env, image), tag(1))
		}
	}
	for _, env := range environments {
		s.file("charts/app-config/values-"+env+".yaml", values(env))
	}
	for i := range files - images*3 - 3 {
		s.file(fmt.Sprintf("charts/%s-%02d/templates/%02d.yaml", noun(i/10), i/10, i%10), template(i))
	}

	// The next move of an image is moves[image]: versions arrive one after the other, each in three steps.
	moves := [images]int{}
	random := rand.New(rand.NewPCG(1, 2))
	for n := 1; n < commits; n++ {
		image := random.IntN(images)
		env, version := environments[moves[image]%3], 2+moves[image]/3
		moves[image]++
		s.commit(fmt.Sprintf("Bump %s to v%d in %s", imageName(image), version, env), start.Add(time.Duration(n)*20*time.Minute))
		s.file(tagPath(env, image), tag(version))
	}
	return s
}

func tagPath(env string, image int) string {
	return "charts/app-config/image-tags/" + env + "/" + imageName(image)
}

func tag(version int) string { return fmt.Sprintf("image_tag: v%d\n", version) }

func imageName(i int) string { return fmt.Sprintf("%s-%02d", noun(i), i) }

func noun(i int) string {
	nouns := strings.Fields("account asset basket catalogue content email feedback finder frontend invoice link media notes orders payments router search shop support users")
	return nouns[i%len(nouns)]
}

// values is a values file as large as real ones are: what all apps share, then one list item an app.
func values(env string) string {
	var b strings.Builder
	fmt.Fprintf(&b, `# Defaults for all apps in this environment. These can be overridden for individual apps below.

environment: %[1]s
externalDomainSuffix: %[1]s.example.org
assetsDomain: assets.%[1]s.example.org
awsAccountId: "111111111111"

appResources:
  limits: {cpu: 1, memory: 1500Mi}
  requests: {cpu: 0.1, memory: 800Mi}

_alb-ingress-defaults: &alb-ingress-defaults
  alb.ingress.kubernetes.io/scheme: internet-facing
  alb.ingress.kubernetes.io/listen-ports: '[{"HTTP": 80}, {"HTTPS": 443}]'
  alb.ingress.kubernetes.io/load-balancer-attributes: >
    access_logs.s3.enabled=true,
    access_logs.s3.bucket=%[1]s-aws-logging

applications:
`, env)
	for i := range images {
		fmt.Fprintf(&b, `  - name: %[1]s
    helmValues:
      arch: arm64
      replicaCount: %[2]d
      appResources:
        limits:
          cpu: 1
          memory: %[3]dMi
        requests:
          cpu: 10m
          memory: 400Mi
      dbMigrationEnabled: %[4]t
      workers:
        enabled: true
      ingress:
        enabled: true
        annotations:
          <<: *alb-ingress-defaults
          alb.ingress.kubernetes.io/load-balancer-name: %[1]s
        hosts:
          - name: %[1]s.%[5]s.example.org
      extraEnv:
`, imageName(i), 1+i%4, 1000+i*10, i%3 == 0, env)
		for v := range 12 {
			fmt.Fprintf(&b, `        - name: %s_%02d
          value: "https://%s.%s.example.org/%d"
`, strings.ToUpper(strings.ReplaceAll(noun(v+i), "-", "_")), v, noun(v+i), env, v*i)
		}
		for v := range 4 {
			fmt.Fprintf(&b, `        - name: %s_TOKEN
          valueFrom:
            secretKeyRef:
              name: %s-%s
              key: bearer_token
`, strings.ToUpper(strings.ReplaceAll(noun(v+i), "-", "_")), imageName(i), noun(v+i))
		}
	}
	return b.String()
}

func template(i int) string {
	var b strings.Builder
	fmt.Fprintf(&b, `{{- if .Values.part%[1]d.enabled }}
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ .Release.Name }}-%[1]d
  labels:
    {{- include "labels" . | nindent 4 }}
data:
`, i)
	for line := range 10 + i%40 {
		fmt.Fprintf(&b, "  key-%d: {{ .Values.part%d.key%d | quote }}\n", line, i, line*7%13)
	}
	b.WriteString("{{- end }}\n")
	return b.String()
}
