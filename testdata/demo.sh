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

say "The charts repo goes where Argo CD reads it: a git remote. This one is a folder; any URL will do."
git() { command git -c user.name=Robin -c user.email=robin@example.org -c init.defaultBranch=main "$@"; }
git init -q && git add -A && git commit -qm "take in the charts repo"
(cd ../charts && git init -q && git add -A && git commit -qm "as it was" && git clone -q --bare . ../charts.git)
export PINTLE_BY=robin PINTLE_CACHE="$work/cache"

say "The first plan only lists what is there: every byte of it is as it was."
run pintle plan --charts ../charts.git
run pintle commit --charts ../charts.git

say "One line in CUE: the shop gets eight replicas in production."
sed -i.bak 's/replicaCount: 6/replicaCount: 8/' apps/shop/shop.cue && rm apps/shop/shop.cue.bak
git commit -qam "shop: eight replicas"
run pintle plan --charts ../charts.git
run pintle commit --charts ../charts.git

say "Why is that so?"
run pintle explain shop production replicaCount

say "A build is done: its image moves into staging. First the diff, then the commit."
run pintle bump shop v13 --env staging --charts ../charts.git
run pintle bump shop v13 --env staging --charts ../charts.git --commit --automatic

say "Delivered again, late, or out of order: nothing happens."
run pintle bump shop v13 --env staging --charts ../charts.git --commit --automatic
run pintle bump shop v11 --env staging --charts ../charts.git --commit --automatic

say "Somebody edits the shop by hand, in the charts repo. It is not overwritten, and its neighbours go on."
(cd ../charts && git pull -q ../charts.git main && sed -i.bak 's/replicaCount: 8/replicaCount: 9/' charts/apps/values-production.yaml &&
	rm charts/apps/values-production.yaml.bak && git commit -qam "shop: nine, it is on fire" && git push -q ../charts.git HEAD:main)
sed -i.bak 's/memory: "4Gi"/memory: "6Gi"/' apps/search/search.cue && rm apps/search/search.cue.bak
git commit -qam "search: more memory"
run pintle commit --charts ../charts.git || true

say "What happened, as git tells it, and whether each commit did what it says and nothing else."
run git --git-dir ../charts.git log --format="%h %<(9,trunc)%an %s" main
cd ../charts && git pull -q ../charts.git main
run pintle verify main~5..main || true
cd ../config

say "A mistake is found where it was made."
sed -i.bak 's/replicaCount: 8/replicaCuont: 8/' apps/shop/shop.cue && rm apps/shop/shop.cue.bak
run pintle vet || true

say "And the configuration of this repo, modelled on a system of some sixty apps: environments/ and apps/."
cd "$here"
run pintle vet
run pintle explain draft-frontend production env.PLEK_HOSTNAME_PREFIX
