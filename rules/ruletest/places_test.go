package ruletest_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/straykey/straykey/detect"
	"github.com/straykey/straykey/detect/proof/forge"
	"github.com/straykey/straykey/rules"
)

// TestPlaces looks for one password, and for one key, in the files of many programs as they are written. Some rule
// must find it in each, and nearly everywhere with medium confidence: what the score of a single place is may change
// whenever the weights are learnt anew.
func TestPlaces(t *testing.T) {
	r := forge.New("places")
	pw := "v" + forge.Chars(r, forge.LowerAlnum, 10) + "Q7"
	key := forge.Chars(r, forge.Alnum, 40)
	places := []struct{ name, path, text string }{
		{"JDBC with parameters", "app.properties", "spring.datasource.url=jdbc:mysql://db:3306/shop?user=shop&password=%s"},
		{"Spring", "application.yml", "spring:\n  datasource:\n    username: shop\n    password: %s\n"},
		{"Spring properties", "application.properties", "spring.datasource.username=shop\nspring.datasource.password=%s\n"},
		{"ADO.NET", "appsettings.json", `{"ConnectionStrings": {"Default": "Server=db;Database=app;User Id=sa;Password=%s;Encrypt=true"}}`},
		{"ODBC", "conn.py", `pyodbc.connect("Driver={ODBC Driver 18};Server=db;Database=app;Uid=svc;Pwd=%s;")`},
		{"libpq DSN", "main.go", `dsn := "host=db user=shop password=%s dbname=shop sslmode=disable"`},
		{"Go MySQL DSN", "main.go", `db, err := sql.Open("mysql", "shop:%s@tcp(db:3306)/shop")`},
		{"Redis URL", ".env", "REDIS_URL=redis://:%s@cache:6379/0\n"},
		{"SMTP URL", "config/packages/mailer.yaml", "framework:\n  mailer:\n    dsn: smtp://mailer:%s@smtp.acme.io:587\n"},
		{"AMQP URL", "celery.py", `broker_url = "amqp://shop:%s@mq:5672//"`},
		{"LDAP bind", "ldap.conf", "binddn cn=admin,dc=acme\nbindpw %s\n"},
		{"Rails", "config/database.yml", "production:\n  adapter: postgresql\n  username: shop\n  password: %s\n"},
		{"Django", "settings.py", "DATABASES = {'default': {'USER': 'shop', 'PASSWORD': '%s', 'HOST': 'db'}}"},
		{"Laravel", ".env", "DB_USERNAME=shop\nDB_PASSWORD=%s\n"},
		{"WordPress", "wp-config.php", "define( 'DB_USER', 'shop' );\ndefine( 'DB_PASSWORD', '%s' );\n"},
		{"Tomcat", "tomcat-users.xml", `<user username="admin" password="%s" roles="manager-gui"/>`},
		{"Maven", "settings.xml", "<server>\n  <id>nexus</id>\n  <username>ci</username>\n  <password>%s</password>\n</server>"},
		{".pypirc", ".pypirc", "[pypi]\nusername = ci\npassword = %s\n"},
		{".netrc", ".netrc", "machine git.acme.io login ci password %s\n"},
		{".netrc over lines", ".netrc", "machine git.acme.io\n  login ci\n  password %s\n"},
		{".pgpass", ".pgpass", "db.acme.io:5432:shop:shop:%s\n"},
		{"Kubernetes stringData", "secret.yaml", "apiVersion: v1\nkind: Secret\nstringData:\n  password: %s\n"},
		{"kubeconfig", "config", "users:\n- name: admin\n  user:\n    username: admin\n    password: %s\n"},
		{"docker-compose", "docker-compose.yml", "services:\n  db:\n    environment:\n      MYSQL_ROOT_PASSWORD: %s\n"},
		{"Dockerfile", "Dockerfile", "FROM mysql\nENV MYSQL_ROOT_PASSWORD=%s\n"},
		{"Terraform", "main.tf", "resource \"aws_db_instance\" \"shop\" {\n  username = \"shop\"\n  password = \"%s\"\n}\n"},
		{"Terraform state", "terraform.tfstate", "            \"username\": \"shop\",\n            \"password\": \"%s\",\n"},
		{"Ansible", "group_vars/all.yml", "ansible_user: deploy\nansible_password: %s\n"},
		{"GitHub Actions", ".github/workflows/ci.yml", "        env:\n          PGPASSWORD: %s\n"},
		{"shell", "deploy.sh", "PGPASSWORD=%s psql -h db -U shop shop\n"},
		{"sshpass", "deploy.sh", "sshpass -p '%s' ssh deploy@10.0.0.4\n"},
		{"mysql", "backup.sh", "mysqldump -ushop -p%s shop > shop.sql\n"},
		{"curl", "deploy.sh", "curl -u ci:%s https://nexus.acme.io/\n"},
		{"docker login", "deploy.sh", "docker login -u ci -p %s registry.acme.io\n"},
		{"wget", "get.sh", "wget --user=ci --password='%s' https://acme.io/x\n"},
		{"PowerShell", "setup.ps1", "$p = ConvertTo-SecureString '%s' -AsPlainText -Force\n"},
		{"net user", "setup.bat", "net user deploy %s /add\n"},
		{"openssl", "cert.sh", "openssl pkcs12 -export -in c.pem -passout pass:%s -out c.p12\n"},
		{"keytool", "cert.sh", "keytool -genkey -alias a -keystore k.jks -storepass %s\n"},
		{"htpasswd", "setup.sh", "htpasswd -bc /etc/nginx/htpasswd admin %s\n"},
		{"SQL", "init.sql", "CREATE USER 'shop'@'%%' IDENTIFIED BY '%s';\n"},
		{"PostgreSQL", "init.sql", "ALTER ROLE shop WITH LOGIN PASSWORD '%s';\n"},
		{"Java", "Db.java", `Connection c = DriverManager.getConnection(url, "shop", "%s");`},
		{"Python", "client.py", `r = requests.get(url, auth=HTTPBasicAuth("ci", "%s"))`},
		{"PHP", "db.php", `$db = new PDO("mysql:host=db;dbname=shop", "shop", "%s");`},
		{"C#", "Mail.cs", `smtp.Credentials = new NetworkCredential("mailer", "%s");`},
		{"Go", "client.go", `req.SetBasicAuth("ci", "%s")`},
	}
	keys := []struct{ name, path, text string }{
		{".npmrc", ".npmrc", "//npm.acme.io/:_authToken=%s\n"},
		{"header", "client.js", `headers: { "X-Api-Key": "%s" }`},
		{"bearer", "client.js", `headers: { Authorization: "Bearer %s" }`},
		{"token header", "client.sh", "curl -H 'Authorization: Token %s' https://acme.io\n"},
		{"kubeconfig", "config", "users:\n- name: admin\n  user:\n    token: %s\n"},
		{"cookie", "get.sh", "curl -b 'JSESSIONID=%s; a=b' https://acme.io\n"},
		{"git remote", ".git/config", "[remote \"origin\"]\n\turl = https://%s@git.acme.io/shop.git\n"},
		{"HMAC", "sign.js", `const h = crypto.createHmac("sha256", "%s")`},
		{"Django", "settings.py", "SECRET_KEY = '%s'\n"},
		{"JWT", "auth.js", `jwt.sign(payload, "%s")`},
	}
	e, err := detect.New(catalog(t), detect.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s := e.NewScanner()
	unsure := 0
	look := func(name, path, text, secret string) {
		text = fmt.Sprintf(text, secret)
		var got []string
		for _, m := range e.Keep(s.Scan([]byte(text)).Matches(), path, "") {
			got = append(got, m.Rule.ID+": "+m.Secret)
			if m.Secret == secret {
				if m.Confidence == rules.LowConfidence {
					unsure++
					t.Logf("%s: low confidence", name)
				}
				return
			}
		}
		t.Errorf("%s: not found; found %q in\n%s", name, got, strings.TrimSpace(text))
	}
	for _, p := range places {
		look(p.name, p.path, p.text, pw)
	}
	for _, p := range keys {
		look(p.name, p.path, p.text, key)
	}
	if all := len(places) + len(keys); unsure*20 > all {
		t.Errorf("%d of %d have low confidence", unsure, all)
	}
}

// TestNoSecretInPlaces: the same places with references, templates and ciphertext hold nothing to report.
func TestNoSecretInPlaces(t *testing.T) {
	r := forge.New("no secrets")
	e, err := detect.New(catalog(t), detect.Options{Confidence: rules.MediumConfidence, Classes: []rules.Class{rules.Credentials}})
	if err != nil {
		t.Fatal(err)
	}
	s := e.NewScanner()
	for _, p := range []struct{ name, path, text string }{
		{
			"Ansible vault", "group_vars/all.yml",
			"db_password: !vault |\n  $ANSIBLE_VAULT;1.1;AES256\n  " + forge.Chars(r, forge.Hex, 80) + "\n  " + forge.Chars(r, forge.Hex, 80) + "\n",
		},
		{"Ansible vault file", "vault.yml", "$ANSIBLE_VAULT;1.1;AES256\n" + forge.Chars(r, forge.Hex, 80) + "\n" + forge.Chars(r, forge.Hex, 80) + "\n"},
		{"template", "group_vars/all.yml", "ansible_password: \"{{ vault_ansible_password }}\"\n"},
		{"secret reference", "deployment.yaml", "        - name: DB_PASSWORD\n          valueFrom:\n            secretKeyRef:\n              name: db-credentials\n              key: password\n"},
		{"variable", "docker-compose.yml", "      MYSQL_ROOT_PASSWORD: ${MYSQL_ROOT_PASSWORD:?}\n"},
		{"workflow secret", ".github/workflows/ci.yml", "          PGPASSWORD: ${{ secrets.PGPASSWORD }}\n"},
		{"integrated security", "appsettings.json", `"Default": "Server=db;Database=app;Integrated Security=true;TrustServerCertificate=true"`},
		{"prompt", "deploy.sh", "read -s -p 'Password: ' password\nmysql -u root -p shop < shop.sql\n"},
		{"from a file", "deploy.sh", "docker login -u ci --password-stdin < token.txt\n"},
		{"from the environment", "db.php", `$db = new PDO("mysql:host=db;dbname=shop", getenv("DB_USER"), getenv("DB_PASSWORD"));`},
		{"from the environment", "settings.py", "DATABASES = {'default': {'PASSWORD': os.environ['DB_PASSWORD']}}"},
		{"help", "README.md", "    -p, --password PASSWORD   password of the user\n"},
		{"example", "README.md", "Set `DATABASE_URL` to `postgres://user:password@host:5432/dbname`.\n"},
		{"public key", "jwk.json", `{"kty":"EC","crv":"P-256","x":"` + forge.Chars(r, forge.Base64URL, 43) + `","y":"` + forge.Chars(r, forge.Base64URL, 43) + `"}`},
	} {
		for _, m := range e.Keep(s.Scan([]byte(p.text)).Matches(), p.path, "") {
			t.Errorf("%s: %s finds %q", p.name, m.Rule.ID, m.Secret)
		}
	}
}
