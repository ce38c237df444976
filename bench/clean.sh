#!/usr/bin/env bash
# Fetches packages of code that holds no secrets in use, one directory each, for internal/train to learn from:
#
#   bench/clean.sh DIRECTORY
#
# None of them is among the trees that quiet.sh was run on (results/quiet.md): what is measured was not learnt from. It needs go,
# pip and npm, and the registries they are set up for. A package that cannot be had any more is named and left out.
set -euo pipefail

[[ $# -eq 1 ]] || {
	echo "usage: bench/clean.sh DIRECTORY" >&2
	exit 3
}
mkdir -p "$1"
directory=$(cd "$1" && pwd)
work=$(mktemp -d "${TMPDIR:-/tmp}/straykey-clean.XXXXXX")
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT

modules='
github.com/hashicorp/vault@v1.21.4 github.com/hashicorp/consul@v0.0.0-20171026175957-610f3c86a089 code.gitea.io/gitea@v1.27.3
github.com/minio/minio@v0.0.0-20260212201848-7aac2a2c5b7c github.com/traefik/traefik/v3@v3.7.13 go.etcd.io/etcd/server/v3@v3.7.3
github.com/prometheus/prometheus@v0.316.0 github.com/gravitational/teleport@v1.3.3-0.20240109093301-f31c91231698
github.com/caddyserver/caddy/v2@v2.11.9 github.com/argoproj/argo-cd/v2@v2.14.21 golang.org/x/crypto@v0.59.0
github.com/go-sql-driver/mysql@v1.10.1 github.com/jackc/pgx/v5@v5.13.0 github.com/containerd/containerd@v1.7.35
github.com/docker/docker@v28.5.2+incompatible'
wheels='
aiohttp==3.14.5 authlib==1.9.10 buildbot==4.3.0 celery==5.7.0 certbot==5.8.0 cryptography==50.0.2 fabric==3.2.3
flask-appbuilder==5.3.0 jupyterhub==6.1.1 kombu==5.7.0 mitmproxy==11.0.2 paramiko==5.1.0 psycopg2==2.9.13 pyjwt==2.15.1
pymongo==4.20.1 redis==8.1.0 requests==2.34.2 salt==3008.5 scrapy==2.19.0 sqlalchemy==2.1.9 tornado==6.6.1 twisted==26.10.0
wagtail==8.0.1'
packages='
axios@1.21.1 eslint@10.15.0 mongoose@9.12.1 jsonwebtoken@9.0.3 nodemailer@10.6.1 knex@3.3.0 sequelize@6.37.8 vite@8.3.8
passport@0.7.0 node-forge@1.4.3 mysql2@3.24.6 pg@8.23.1 ioredis@6.0.0 parse-server@9.10.0 strapi@3.1.4 @strapi/strapi@5.55.1
verdaccio@6.8.0 ghost@5.130.6 n8n-workflow@2.41.0 hexo@8.1.2 keystone@4.2.1 pm2@7.0.4 ssh2@1.17.0 mongodb@7.9.0
firebase-tools@15.34.2 serverless@4.43.0'

missing() { echo "clean.sh: $1 cannot be had and is left out" >&2; }
# place NAME FILE... unpacks archives into the directory of a package.
place() {
	local name=$1 file
	shift
	mkdir -p "$directory/$name"
	for file in "$@"; do
		case $file in
		*.whl | *.zip) unzip -qo "$file" -d "$directory/$name" ;;
		*) tar xf "$file" -C "$directory/$name" ;;
		esac
	done
}

cd "$work"
printf 'module clean\n' >go.mod
for module in $modules; do
	source=$(GOFLAGS=-mod=mod GOMODCACHE=$work/modules go mod download -json "$module" | awk -F'"' '$2 == "Dir" { print $4 }') || true
	[[ -d $source ]] || { missing "$module" && continue; }
	name=$(tr -c 'a-z0-9\n' - <<<"${module%@*}")
	rm -rf "${directory:?}/$name"
	cp -r --no-preserve=mode "$source" "$directory/$name"
	rm -rf "$directory/$name/vendor"
done
for wheel in $wheels; do
	rm -rf wheel && mkdir wheel
	pip download --quiet --no-deps --dest wheel "$wheel" >/dev/null || { missing "$wheel" && continue; }
	place "py-${wheel%==*}" wheel/*
done
for package in $packages; do
	rm -rf package && mkdir package
	(cd package && npm pack --silent "$package" >/dev/null) || { missing "$package" && continue; }
	place "npm-$(tr -c 'a-z0-9\n' - <<<"${package%@*}")" package/*
done
find "$directory" \( -type l -o -name '*.so' \) -delete
