# Makes what the command lines in the documents name: a project with a history and a remote, and files beside it.
git init -q --bare -b main origin.git
git init -q -b main project
cd project
git remote add origin ../origin.git
mkdir -p src dist
echo 'package main' > src/main.go
echo 'console.log("hello")' > dist/app.js
printf 'name: demo\nlog: debug\n' > config.yml
cat > acme.toml <<'TOML'
[[rules]]
id = "acme-token"
description = "An ACME token."
regex = '''acme_[a-z0-9]{32}'''
keywords = ["acme_"]
TOML
cp acme.toml .gitleaks.toml
git add -A
git commit -qm 'First version'
git push -q origin main
git fetch -q origin
git remote set-head origin main
git checkout -q -b change
echo 'retries: 3' >> config.yml
git commit -qam 'Retry'
echo 'timeout: 10s' >> config.yml
git add config.yml
mkdir -p path/to
git clone -q . path/to/repo
echo "token = $GITHUB_TOKEN" > path/to/repo/app.cfg
git -C path/to/repo add app.cfg
git -C path/to/repo commit -qm 'Add a token'
git clone -q --bare . other.git
# What teams have for other tools.
cat > trufflehog.yaml <<'YAML'
detectors:
  - name: AcmeToken
    keywords: [acme]
    regex:
      token: 'acme_([a-z0-9]{32})'
YAML
cat > .secrets.baseline <<'JSON'
{"version": "1.5.0", "plugins_used": [{"name": "AWSKeyDetector"}], "filters_used": [], "results": {}}
JSON
straykey scan --format json -o report.json .
echo '{{range .Findings}}{{.Rule.ID}} {{end}}' > report.tmpl
