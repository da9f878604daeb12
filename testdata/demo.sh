# What `make demo` runs: pintle's main job, on a charts repo made for the occasion. Run from the root.
set -eu

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp -R testdata/demo/charts-repo "$work/charts"
here=$(pwd)

say() { printf '\n\033[1m# %s\033[0m\n' "$*"; }
run() {
	printf '\033[2m$ %s\033[0m\n' "$*"
	"$@" 2>&1
}
cd "$work"

say "A charts repo as people write it: one values file an environment, a list of apps in each."
run wc -l charts/charts/apps/values-production.yaml charts/charts/apps/values-staging.yaml

say "Pintle takes it into CUE, and proves that nothing changes."
run pintle import charts --out config
cd config
run cat apps/shop/shop.cue

say "Compiled again, every byte of the charts repo is as it was."
run pintle render --charts ../charts -o ../out
run diff -r ../charts/charts ../out/charts -x image-tags && echo "(no difference)"

say "One line in CUE: the shop gets eight replicas in production."
sed -i.bak 's/replicaCount: 6/replicaCount: 8/' apps/shop/shop.cue && rm apps/shop/shop.cue.bak
run pintle render --charts ../charts -o ../out
run diff -ru ../charts/charts ../out/charts -x image-tags || true

say "Why is that so?"
run pintle explain shop production replicaCount

say "A mistake is found where it was made."
sed -i.bak 's/replicaCount: 8/replicaCuont: 8/' apps/shop/shop.cue && rm apps/shop/shop.cue.bak
run pintle vet || true

say "And the configuration of this repo, modelled on a system of some sixty apps: environments/ and apps/."
cd "$here"
run pintle vet
run pintle explain draft-frontend production env.PLEK_HOSTNAME_PREFIX
