package detect_test

// assignmentForms are the ways in which a name gets a value, by kind of file.
var assignmentForms = []form{
	{
		"Python", "app/settings.py",
		[]string{
			`DB_PASSWORD = '⟦{{alnum 14}}⟧'`,
			`    'PASSWORD': '⟦{{alnum 8}}!{{digits 3}}⟧',`,
			`client = Client(api_key="⟦{{alnum 32}}⟧")`,
			`os.environ["SECRET_TOKEN"] = "⟦{{hex 40}}⟧"`,
		},
		[]string{
			`DB_PASSWORD = os.environ["DB_PASSWORD"]`, `password = getpass.getpass()`, `DB_PASSWORD = ''`, `DB_PASSWORD = '{{nope}}'`,
			`API_KEY = config.get("api", "key_2024_production")`,
		},
	},
	{
		"JavaScript", "src/config.js",
		[]string{"const password = '⟦{{alnum 14}}⟧';", `  apiKey: "⟦{{alnum 32}}⟧",`, "module.exports = { secret: `⟦{{alnum 24}}⟧` }"},
		[]string{`const password = process.env.DB_PASSWORD;`, "const password = `${user.password}`;", `  apiKey: "",`, `password: Joi.string().min(8).required()`},
	},
	{
		"Java", "src/main/java/io/acme/Db.java",
		[]string{`private static final String PASSWORD = "⟦{{alnum 14}}⟧";`, `config.setPassword("⟦{{alnum 14}}⟧");`, `props.put("db.password", "⟦{{alnum 10}}!{{digits 3}}⟧");`},
		[]string{`private String password = System.getenv("DB_PASSWORD");`, `config.setPassword(password);`, `@Value("${db.password}") String password;`},
	},
	{
		"Go", "internal/db/db.go",
		[]string{`	dbPassword := "⟦{{alnum 14}}⟧"`, `const apiToken = "⟦{{hex 40}}⟧"`, `	return Config{Password: "⟦{{alnum 14}}⟧"}`, "var hmacKey = []byte(\"⟦{{alnum 32}}⟧\")"},
		[]string{`	dbPassword := os.Getenv("DB_PASSWORD")`, `const apiTokenHeader = "X-Api-Token"`, `	Password string` + " `json:\"password\"`"},
	},
	{
		"C#", "src/Startup.cs",
		[]string{`private const string Password = "⟦{{alnum 14}}⟧";`, `var clientSecret = @"⟦{{alnum 32}}⟧";`},
		[]string{`public string Password { get; set; }`, `var clientSecret = Configuration["ClientSecret"];`},
	},
	{
		"PHP", "config/db.php",
		[]string{`$password = '⟦{{alnum 14}}⟧';`, `define('DB_PASSWORD', '⟦{{alnum 14}}⟧');`, `    'api_key' => '⟦{{alnum 32}}⟧',`},
		[]string{`$password = $_POST['password'];`, `define('DB_PASSWORD', getenv('DB_PASSWORD'));`, `    'api_key' => env('API_KEY'),`},
	},
	{
		"Ruby", "config/initializers/acme.rb",
		[]string{`  config.api_key = '⟦{{alnum 32}}⟧'`, `  :password => "⟦{{alnum 14}}⟧",`, `password: '⟦{{alnum 14}}⟧'`},
		[]string{`  config.api_key = ENV['ACME_API_KEY']`, `  config.api_key = ENV.fetch("ACME_API_KEY_2024")`, `validates :password, presence: true`},
	},
	{
		"YAML", "config/app.yaml",
		[]string{"db:\n  password: ⟦{{alnum 14}}⟧\n", "api_token: \"⟦{{alnum 32}}⟧\"\n", "- {name: db, secret: '⟦{{alnum 24}}⟧'}\n"},
		[]string{"password: ${DB_PASSWORD}\n", "password: {{\"{{\"}} .Values.db.password }}\n", "password: ~\n", "password:\n  secretKeyRef: db-password\n", "password: !vault acme/db#password\n"},
	},
	{
		"JSON", "config/app.json",
		[]string{`{"db": {"password": "⟦{{alnum 14}}⟧"}}`, `{"clientSecret":"⟦{{alnum 32}}⟧","x":1}`},
		[]string{`{"password": ""}`, `{"password": null}`, `{"password": "${DB_PASSWORD}"}`, `{"password": {"type": "string", "minLength": 8}}`, `{"password": "********"}`},
	},
	{
		"TOML", "config/app.toml",
		[]string{`password = "⟦{{alnum 14}}⟧"`, `api_key = '⟦{{alnum 32}}⟧'`},
		[]string{`password = ""`, `password = "$DB_PASSWORD"`},
	},
	{
		"INI", "app.ini",
		[]string{"[db]\npassword=⟦{{alnum 14}}⟧\n", "[api]\nsecret_key = ⟦{{alnum 32}}⟧\n"},
		[]string{"[db]\npassword=\n", "password = <your password>\n", "password=%(DB_PASSWORD)s\n"},
	},
	{
		".env", ".env",
		[]string{"DB_PASSWORD=⟦{{alnum 14}}⟧\n", `API_TOKEN="⟦{{alnum 32}}⟧"`, "export SECRET_KEY='⟦{{alnum 40}}⟧'"},
		[]string{"DB_PASSWORD=\nAPI_TOKEN=\n", "DB_PASSWORD=${PASSWORD}\n", "API_TOKEN={{nope}}\n"},
	},
	{
		"properties", "src/main/resources/app.properties",
		[]string{"db.password=⟦{{alnum 14}}⟧\n", "acme.api-key: ⟦{{alnum 32}}⟧\n"},
		[]string{"db.password=${DB_PASSWORD}\n", "db.password=@db.password@\n", "label.password=Password\n"},
	},
	{
		"XML", "conf/app.xml",
		[]string{`<password>⟦{{alnum 14}}⟧</password>`, `<property name="password" value="⟦{{alnum 14}}⟧"/>`, `<add key="ApiKey" value="⟦{{alnum 32}}⟧" />`, `<db user="a" password="⟦{{alnum 14}}⟧"/>`},
		[]string{`<password>${db.password}</password>`, `<password/>`, `<password></password>`, `<input type="password" name="password"/>`},
	},
	{
		"HCL", "main.tf",
		[]string{
			`  master_password = "⟦{{alnum 14}}⟧"`, "variable \"db_password\" {\n  default = \"⟦{{alnum 14}}⟧\"\n}\n",
			"variable \"db_password\" {\n  type    = string\n  default = \"⟦{{alnum 14}}⟧\"\n}\n",
		},
		[]string{`  master_password = var.db_password`, `  master_password = "${var.db_password}"`, "variable \"db_password\" {\n  type = string\n}\n\nvariable \"region\" {\n  default = \"{{alnum 14}}\"\n}\n", `  password = random_password.db.result`},
	},
	{
		"Dockerfile", "Dockerfile",
		[]string{"ENV DB_PASSWORD=⟦{{alnum 14}}⟧\n", "ENV DB_PASSWORD ⟦{{alnum 14}}⟧\n", "ARG NPM_TOKEN=⟦{{hex 40}}⟧\n"},
		[]string{"ENV DB_PASSWORD=$PASSWORD\n", "ARG NPM_TOKEN\n", "ENV DB_PASSWORD=\"\"\n"},
	},
	{
		"shell", "deploy.sh",
		[]string{"export DB_PASSWORD='⟦{{alnum 14}}⟧'\n", "DB_PASSWORD=⟦{{alnum 14}}⟧ ./run\n", `TOKEN="⟦{{hex 40}}⟧"`},
		[]string{"export DB_PASSWORD=$(cat /run/secrets/db)\n", "DB_PASSWORD=$1\n", "read -s PASSWORD\n", "export DB_PASSWORD=`pass show db`\n"},
	},
	{
		"PowerShell", "deploy.ps1",
		[]string{`$Password = "⟦{{alnum 14}}⟧"`, `$env:API_TOKEN = '⟦{{alnum 32}}⟧'`, `Connect-Acme -Password '⟦{{alnum 14}}⟧'`},
		[]string{`$Password = $env:DB_PASSWORD`, `$Password = Read-Host -AsSecureString`, `[string]$Password`},
	},
	{
		"CI", ".github/workflows/ci.yml",
		[]string{"    env:\n      DB_PASSWORD: ⟦{{alnum 14}}⟧\n", "      - run: deploy --token ⟦{{hex 40}}⟧\n", "    env:\n      - name: API_TOKEN\n        value: ⟦{{alnum 32}}⟧\n"},
		[]string{"      DB_PASSWORD: ${{\"{{\"}} secrets.DB_PASSWORD }}\n", "      - run: deploy --token \"$TOKEN\"\n", "  password: $CI_JOB_TOKEN\n", "      token: $(SYSTEM_ACCESSTOKEN)\n"},
	},
	{
		"short passwords", "config/app.yml",
		[]string{
			"password: '⟦{{chars \"BDFHKMRTXZ\" 2}}{{digits 1}}!{{lower 1}}⟧'\n", "db_password: \"⟦{{alnum 6}}$%⟧\"\n",
			"password: ⟦{{digits 6}}⟧\n", "password = \"⟦{{chars \"bdfhkmrtxz#!79\" 4}}⟧\"\n",
		},
		[]string{"password: no\n", "password: x\n", "password: null\n", "password: xxxx\n", "password: true\n"},
	},
}

// connectionForms are addresses and connection strings.
var connectionForms = []form{
	{
		"URL", "config.yml",
		[]string{`proxy: http://svc:⟦{{alnum 12}}⟧@10.0.0.4:3128`, `url = "https://ci:⟦{{alnum 24}}⟧@nexus.acme.io/repository"`},
		[]string{`url: https://ci:${TOKEN}@nexus.acme.io/`, `https://ci@nexus.acme.io/`, `https://<user>:<password>@acme.io/`, `https://nexus.acme.io:8443/@scope/pkg`},
	},
	{
		"JDBC MySQL", "app.properties",
		[]string{`url=jdbc:mysql://db.acme.io:3306/shop?user=shop&password=⟦{{alnum 14}}⟧&ssl=true`, `url=jdbc:mysql://shop:⟦{{alnum 14}}⟧@db.acme.io/shop`},
		[]string{`url=jdbc:mysql://db.acme.io:3306/shop?user=shop&password=${PW}`, `url=jdbc:mysql://db.acme.io:3306/shop`},
	},
	{
		"JDBC PostgreSQL", "app.properties",
		[]string{`url=jdbc:postgresql://db.acme.io/shop?user=shop&password=⟦{{alnum 14}}⟧`},
		[]string{`url=jdbc:postgresql://db.acme.io/shop?user=shop&password=`, `url=jdbc:postgresql://db.acme.io/shop?user=shop&sslmode=require`},
	},
	{
		"JDBC SQL Server", "app.properties",
		[]string{`url=jdbc:sqlserver://db.acme.io:1433;databaseName=shop;user=sa;password=⟦{{alnum 14}}⟧;encrypt=true`},
		[]string{`url=jdbc:sqlserver://db.acme.io:1433;databaseName=shop;user=sa;password={0};encrypt=true`, `url=jdbc:sqlserver://db.acme.io:1433;integratedSecurity=true`},
	},
	{
		"JDBC Oracle", "app.properties",
		[]string{`url=jdbc:oracle:thin:shop/⟦{{alnum 14}}⟧@db.acme.io:1521:orcl`, `url=jdbc:oracle:thin:shop/⟦{{alnum 14}}⟧@//db.acme.io:1521/orcl`},
		[]string{`url=jdbc:oracle:thin:@db.acme.io:1521:orcl`, `url=jdbc:oracle:thin:${user}/${password}@db.acme.io:1521:orcl`},
	},
	{
		"JDBC Db2", "app.properties",
		[]string{`url=jdbc:db2://db.acme.io:50000/SHOP:user=shop;password=⟦{{alnum 14}}⟧;`},
		[]string{`url=jdbc:db2://db.acme.io:50000/SHOP:user=shop;password=${PW};`, `url=jdbc:db2://db.acme.io:50000/SHOP`},
	},
	{
		"ODBC", "db.py",
		[]string{
			`conn = pyodbc.connect("DRIVER={SQL Server};SERVER=db.acme.io;DATABASE=shop;UID=sa;PWD=⟦{{alnum 14}}⟧")`,
			`dsn = "Driver={PostgreSQL};Server=db.acme.io;Uid=shop;Pwd=⟦{{alnum 14}}⟧;"`,
		},
		[]string{
			`conn = pyodbc.connect("DRIVER={SQL Server};SERVER=db.acme.io;DATABASE=shop;UID=sa;PWD=" + password)`,
			`conn = pyodbc.connect(f"DRIVER={driver};SERVER={server};UID={user};PWD={password}")`,
			`conn = "SERVER=db.acme.io;Trusted_Connection=yes"`,
		},
	},
	{
		"Go DSN", "main.go",
		[]string{`db, err := sql.Open("mysql", "shop:⟦{{alnum 14}}⟧@tcp(db.acme.io:3306)/shop")`},
		[]string{`db, err := sql.Open("mysql", "shop:%s@tcp(db.acme.io:3306)/shop")`, `dsn := user + ":" + pass + "@tcp(db:3306)/shop"`, `dsn := "shop@tcp(db:3306)/shop"`},
	},
	{
		"libpq DSN", "main.go",
		[]string{`db, err := sql.Open("postgres", "host=db.acme.io user=shop password=⟦{{alnum 14}}⟧ dbname=shop")`},
		[]string{`dsn := fmt.Sprintf("host=%s user=%s password=%s dbname=%s", h, u, p, d)`, `"host=db.acme.io user=shop dbname=shop"`},
	},
	{
		"ADO.NET", "appsettings.json",
		[]string{
			`"Default": "Server=db.acme.io;Database=shop;User Id=sa;Password=⟦{{alnum 14}}⟧;Encrypt=True"`,
			`<add name="Shop" connectionString="Data Source=db.acme.io;Initial Catalog=Shop;User ID=sa;Password=⟦{{alnum 10}}!{{digits 2}}⟧" />`,
		},
		[]string{
			`"Default": "Server=db.acme.io;Database=shop;Integrated Security=True;"`,
			`"Default": "Server=db.acme.io;Database=shop;User Id=sa;Password=${DB_PASSWORD};"`,
			`"Default": "Server=db.acme.io;Database=shop;User Id=sa;Password=;"`,
		},
	},
	{
		"Azure storage", "appsettings.json",
		[]string{`"Storage": "DefaultEndpointsProtocol=https;AccountName=acme;AccountKey=⟦{{azureKey "storage"}}⟧;EndpointSuffix=core.windows.net"`},
		[]string{`"Storage": "DefaultEndpointsProtocol=https;AccountName=acme;AccountKey={{nope}};EndpointSuffix=core.windows.net"`, `"Storage": "UseDevelopmentStorage=true"`},
	},
	{
		"Redis", ".env",
		[]string{"REDIS_URL=redis://:⟦{{alnum 14}}⟧@cache.acme.io:6379/0\n", "REDIS_URL=rediss://default:⟦{{alnum 14}}⟧@cache.acme.io:6380\n"},
		[]string{"REDIS_URL=redis://cache.acme.io:6379/0\n", "REDIS_URL=redis://:${REDIS_PASSWORD}@cache.acme.io:6379/0\n"},
	},
	{
		"SMTP", ".env",
		[]string{"MAIL_URL=smtp://mailer:⟦{{alnum 14}}⟧@mail.acme.io:587\n", "MAIL_URL=smtps://mailer%40acme.io:⟦{{alnum 14}}⟧@mail.acme.io:465\n", "SMTP_PASSWORD=⟦{{alnum 14}}⟧\n"},
		[]string{"MAIL_URL=smtp://mail.acme.io:587\n", "MAIL_URL=smtp://$USER:$PASS@mail.acme.io:587\n", "SMTP_PASSWORD=\n"},
	},
	{
		"AMQP", "config.yml",
		[]string{"broker: amqp://shop:⟦{{alnum 14}}⟧@mq.acme.io:5672/shop\n", "broker: amqps://shop:⟦{{alnum 14}}⟧@mq.acme.io/%2f\n"},
		[]string{"broker: amqp://guest:guest@localhost:5672/\n", "broker: amqp://mq.acme.io:5672/shop\n"},
	},
	{
		"LDAP", "config.yml",
		[]string{"url: ldap://cn=admin,dc=acme,dc=io:⟦{{alnum 14}}⟧@ldap.acme.io:389\n", "ldap:\n  bind_password: ⟦{{alnum 14}}⟧\n", "bindpw ⟦{{alnum 14}}⟧\n"},
		[]string{"url: ldap://ldap.acme.io:389/dc=acme,dc=io\n", "bind_dn: cn=admin,dc=acme,dc=io\n", "bindpw ${LDAP_PW}\n"},
	},
	{
		"MongoDB", "config.js",
		[]string{`mongoose.connect('mongodb://shop:⟦{{alnum 14}}⟧@db.acme.io:27017/shop')`, `const url = "mongodb+srv://shop:⟦{{alnum 14}}⟧@cluster0.ab1cd.mongodb.net/shop?retryWrites=true"`},
		[]string{`mongoose.connect('mongodb://localhost:27017/shop')`, "const url = `mongodb+srv://shop:${password}@cluster0.ab1cd.mongodb.net/`", `"mongodb+srv://shop:<password>@cluster0.ab1cd.mongodb.net/shop"`},
	},
	{
		"git remote", ".git/config",
		[]string{"[remote \"origin\"]\n\turl = https://⟦{{github \"ghp_\"}}⟧@github.com/acme/shop.git\n", "\turl = https://oauth2:⟦{{\"glpat\"}}-{{alnum 20}}⟧@gitlab.com/acme/shop.git\n", "\turl = https://ci:⟦{{alnum 20}}⟧@git.acme.io/shop.git\n"},
		[]string{"\turl = git@github.com:acme/shop.git\n", "\turl = https://github.com/acme/shop.git\n", "\turl = https://x-access-token:${GITHUB_TOKEN}@github.com/acme/shop.git\n"},
	},
}

// headerForms are headers, cookies, and members of a format.
var headerForms = []form{
	{
		"Authorization Basic", "api.http",
		[]string{`Authorization: Basic ⟦{{b64enc "svc:vq8Kx2tRw9"}}⟧`, `headers = {"Authorization": "Basic ⟦{{b64enc "ci:Tt4Wq9ZsXb2L"}}⟧"}`, `curl -H "Authorization: Basic ⟦{{b64enc "deploy:7Zk2Qv9sTtXw"}}⟧" https://acme.io`},
		[]string{`Authorization: Basic ${CREDENTIALS}`, `Authorization: Basic {{b64enc "user:password"}}`, `HTTP Basic authentication`, `"Basic " + btoa(user + ":" + password)`},
	},
	{
		"Authorization Bearer", "api.http",
		[]string{`Authorization: Bearer ⟦{{hex 40}}⟧`, `req.Header.Set("Authorization", "Bearer ⟦{{alnum 40}}⟧")`, `-H 'Authorization: Bearer ⟦{{b64url 43}}⟧'`},
		[]string{`Authorization: Bearer ${TOKEN}`, `Authorization: Bearer <token>`, `req.Header.Set("Authorization", "Bearer "+token)`, `WWW-Authenticate: Bearer realm="acme"`},
	},
	{
		"Authorization Token", "api.http",
		[]string{`Authorization: Token ⟦{{hex 40}}⟧`, `'Authorization' => 'token ⟦{{hex 40}}⟧'`},
		[]string{`Authorization: Token $TOKEN`, `Authorization: Token your-token-here`},
	},
	{
		"other headers", "api.http",
		[]string{`X-Api-Key: ⟦{{alnum 32}}⟧`, `curl -H "X-Auth-Token: ⟦{{hex 40}}⟧" https://api.acme.io`},
		[]string{`X-Api-Key: ${API_KEY}`, `X-Api-Key: <your key>`, `Access-Control-Allow-Headers: X-Api-Key, X-Auth-Token`},
	},
	{
		"cookies", "api.http",
		[]string{`Cookie: PHPSESSID=⟦{{lower 26}}⟧; lang=en`, `Cookie: lang=en; JSESSIONID=⟦{{HEX 32}}⟧`, `curl --cookie "sessionid=⟦{{lower 32}}⟧" https://acme.io`},
		[]string{`Cookie: PHPSESSID=$SESSION`, `Cookie: lang=en; theme=dark`, `JSESSIONID`, `Set-Cookie: sessionid=; Max-Age=0`},
	},
	{
		"JWK", "jwks.json",
		[]string{
			`{"kty":"oct","k":"⟦{{b64url 43}}⟧","alg":"HS256"}`,
			`{"kty":"OKP","crv":"Ed25519","d":"⟦{{b64url 42}}a⟧","x":"{{b64url 42}}a"}`,
			"{\n  \"d\": \"⟦{{b64url 340}}ab⟧\",\n  \"e\": \"AQAB\",\n  \"kty\": \"RSA\",\n  \"n\": \"{{b64url 340}}ab\"\n}\n",
		},
		[]string{`{"kty":"EC","crv":"P-256","x":"{{b64url 43}}","y":"{{b64url 43}}"}`, `{"kty":"RSA","e":"AQAB","n":"{{b64url 342}}"}`},
	},
	{
		"SQL", "init.sql",
		[]string{
			`CREATE USER 'shop'@'%' IDENTIFIED BY '⟦{{alnum 14}}⟧';`, `ALTER USER shop IDENTIFIED BY ⟦{{alnum 14}}⟧;`, `CREATE ROLE shop LOGIN PASSWORD '⟦{{alnum 14}}⟧';`, `ALTER LOGIN sa WITH PASSWORD = N'⟦{{alnum 14}}⟧';`,
			`SET PASSWORD FOR 'root'@'localhost' = '⟦{{alnum 14}}⟧';`, `GRANT ALL ON shop.* TO 'shop'@'%' IDENTIFIED BY '⟦{{alnum 14}}⟧';`,
		},
		[]string{`CREATE USER shop IDENTIFIED BY '${PASSWORD}';`, `ALTER ROLE shop PASSWORD NULL;`, `CREATE USER shop IDENTIFIED EXTERNALLY;`, `CREATE TABLE users (password varchar(60) NOT NULL);`, `SELECT password FROM users WHERE id = ?;`},
	},
}

// commandForms are command lines.
var commandForms = []form{
	{
		"--password", "run.sh",
		[]string{`acme login --user ci --password ⟦{{alnum 14}}⟧`, `acme login --password=⟦{{alnum 14}}⟧ --user ci`, `acme --token=⟦{{hex 40}}⟧ list`},
		[]string{`acme login --password "$PASSWORD"`, `acme login --password-stdin`, `acme login --password <password>`, `acme --api-key-file key.txt list`},
	},
	{
		"sshpass", "run.sh",
		[]string{`sshpass -p ⟦{{alnum 14}}⟧ ssh deploy@10.0.0.4`, `sshpass -p'⟦{{alnum 14}}⟧' scp x y:`},
		[]string{`sshpass -p "$PW" ssh deploy@10.0.0.4`, `sshpass -e ssh deploy@10.0.0.4`, `sshpass -f pw.txt ssh deploy@10.0.0.4`},
	},
	{
		"curl -u", "run.sh",
		[]string{`curl -u ci:⟦{{alnum 14}}⟧ https://nexus.acme.io/`, `curl --user "ci:⟦{{alnum 14}}⟧" https://nexus.acme.io/`, `curl -sSfu 'ci:⟦{{alnum 14}}⟧' https://nexus.acme.io/`},
		[]string{`curl -u "$USER:$PASS" https://nexus.acme.io/`, `curl -u ci https://nexus.acme.io/`, `curl -u user:password https://nexus.acme.io/`},
	},
	{
		"mysql", "run.sh",
		[]string{`mysql -u root -p⟦{{alnum 14}}⟧ shop < dump.sql`, `mysqldump -uroot --password='⟦{{alnum 14}}⟧' shop`, `mysqladmin -u root password '⟦{{alnum 14}}⟧'`},
		[]string{`mysql -u root -p shop < dump.sql`, `mysql -u root -p$PW shop`, `mysql -u root -P3306 shop`},
	},
	{
		"docker login", "run.sh",
		[]string{`docker login -u ci -p ⟦{{alnum 20}}⟧ registry.acme.io`, `docker login --username=ci --password=⟦{{alnum 20}}⟧ registry.acme.io`, `podman login -u ci -p ⟦{{alnum 20}}⟧ quay.io`},
		[]string{`docker login -u ci --password-stdin registry.acme.io`, `docker login -u "$U" -p "$P" registry.acme.io`, `docker run -p 8080:80 acme/shop`},
	},
	{
		"ConvertTo-SecureString", "run.ps1",
		[]string{`$p = ConvertTo-SecureString "⟦{{alnum 14}}⟧" -AsPlainText -Force`, `$p = ConvertTo-SecureString -String '⟦{{alnum 14}}⟧' -AsPlainText -Force`, `"⟦{{alnum 14}}⟧" | ConvertTo-SecureString -AsPlainText -Force`},
		[]string{`$p = ConvertTo-SecureString $env:PW -AsPlainText -Force`, `$p = ConvertTo-SecureString -String $plain -AsPlainText -Force`},
	},
	{
		"net use", "run.bat",
		[]string{`net use Z: \\srv\share ⟦{{alnum 14}}⟧ /user:ACME\svc`, `net use \\srv\share /user:ACME\svc "⟦{{alnum 14}}⟧" /persistent:no`, `net user deploy ⟦{{alnum 14}}⟧ /add`},
		[]string{`net use Z: \\srv\share /user:ACME\svc *`, `net use Z: \\srv\share %PW% /user:ACME\svc`, `net use Z: /delete`, `net use Z: \\srv\share /user:ACME\svc`, `net user deploy * /add`},
	},
	{
		"psql", "run.sh",
		[]string{`PGPASSWORD=⟦{{alnum 14}}⟧ psql -h db.acme.io -U shop`, `export PGPASSWORD='⟦{{alnum 14}}⟧'`, `psql "host=db.acme.io user=shop password=⟦{{alnum 14}}⟧"`},
		[]string{`PGPASSWORD=$PW psql -h db.acme.io -U shop`, `psql -h db.acme.io -U shop -p 5432`},
	},
	{
		"htpasswd", "run.sh",
		[]string{`htpasswd -nb admin ⟦{{alnum 14}}⟧`, `htpasswd -cb /etc/nginx/.htpasswd admin ⟦{{alnum 14}}⟧`},
		[]string{`htpasswd -c /etc/nginx/.htpasswd admin`, `htpasswd -nb admin "$PW"`},
	},
	{
		"redis-cli", "run.sh",
		[]string{`redis-cli -h cache.acme.io -a ⟦{{alnum 14}}⟧ ping`, `redis-cli -a '⟦{{alnum 14}}⟧' --no-auth-warning`},
		[]string{`redis-cli -h cache.acme.io -a "$PW" ping`, `redis-cli -h cache.acme.io ping`},
	},
	{
		"mongo", "run.sh",
		[]string{`mongo -u admin -p ⟦{{alnum 14}}⟧ shop`, `mongosh --username admin --password ⟦{{alnum 14}}⟧ shop`, `mongodump -u admin -p '⟦{{alnum 14}}⟧' --db shop`},
		[]string{`mongo -u admin -p "$PW" shop`, `mongo -u admin -p --authenticationDatabase admin`, `mongosh --port 27017 shop`},
	},
	{
		"wget", "run.sh",
		[]string{`wget --user=ci --password=⟦{{alnum 14}}⟧ https://nexus.acme.io/x.tgz`, `wget --http-user ci --http-password '⟦{{alnum 14}}⟧' https://nexus.acme.io/x.tgz`},
		[]string{`wget --user=ci --password=$PW https://nexus.acme.io/x.tgz`, `wget --user=ci --ask-password https://nexus.acme.io/x.tgz`},
	},
	{
		"keytool", "run.sh",
		[]string{`keytool -genkeypair -alias shop -keystore shop.jks -storepass ⟦{{alnum 14}}⟧`, `keytool -importkeystore -srcstorepass ⟦{{alnum 14}}⟧ -srckeystore a.p12`, `jarsigner -storepass '⟦{{alnum 14}}⟧' app.jar shop`},
		[]string{`keytool -list -keystore shop.jks -storepass $PW`, `keytool -list -keystore shop.jks -storepass:env PW`, `keytool -list -keystore cacerts -storepass changeit`},
	},
	{
		"openssl", "run.sh",
		[]string{`openssl rsa -in key.pem -passin pass:⟦{{alnum 14}}⟧ -out plain.pem`, `openssl pkcs12 -export -out a.p12 -passout pass:⟦{{alnum 14}}⟧`, `openssl enc -aes-256-cbc -k ⟦{{alnum 14}}⟧ -in a`},
		[]string{`openssl rsa -in key.pem -passin env:PW -out plain.pem`, `openssl rsa -in key.pem -passin pass:$PW`, `openssl pkcs12 -export -out a.p12 -passout pass:`},
	},
	{
		"-p", "run.sh",
		[]string{`plink -ssh deploy@10.0.0.4 -pw ⟦{{alnum 14}}⟧ ls`, `smbclient //srv/share -U 'svc%⟦{{alnum 14}}⟧'`, `az login --service-principal -u app -p ⟦{{alnum 14}}~{{alnum 20}}⟧ --tenant acme.io`, `helm registry login -u ci -p ⟦{{alnum 20}}⟧ registry.acme.io`},
		[]string{`docker run -p 8080:80 acme/shop`, `mkdir -p build/output`, `ssh -p 2222 deploy@10.0.0.4`, `az login -u app -p "$SECRET"`},
	},
}

// fileForms are files of a format of their own.
var fileForms = []form{
	{
		".netrc", ".netrc",
		[]string{"machine git.acme.io login ci password ⟦{{alnum 20}}⟧\n", "machine git.acme.io\n  login ci\n  password ⟦{{alnum 20}}⟧\n"},
		[]string{"machine git.acme.io login ci\n", "machine git.acme.io login ci password ${PASSWORD}\n", "machine git.acme.io\n  login ci\n  password $PW\n"},
	},
	{
		".npmrc", ".npmrc",
		[]string{
			"//npm.acme.io/:_authToken=⟦{{alnum 40}}⟧\n", "//registry.npmjs.org/:_authToken=⟦{{npm}}⟧\n", "//npm.acme.io/:_password=⟦{{b64enc \"correct-horse-7Zk2Qv\"}}⟧\n//npm.acme.io/:username=ci\n",
			"_auth=⟦{{b64enc \"deploy:7Zk2Qv9sTtXw\"}}⟧\nalways-auth=true\n",
		},
		[]string{"//npm.acme.io/:_authToken=${NPM_TOKEN}\n", "registry=https://npm.acme.io/\nalways-auth=true\n", "//npm.acme.io/:_password=\n", "_auth=$NPM_AUTH\n"},
	},
	{
		".pypirc", ".pypirc",
		[]string{"[pypi]\nusername = __token__\npassword = ⟦{{\"pypi\"}}-AgEIcHlwaS5vcmc{{b64url 120}}⟧\n", "[acme]\nrepository = https://nexus.acme.io/pypi/\nusername = ci\npassword = ⟦{{alnum 14}}⟧\n"},
		[]string{"[pypi]\nusername = __token__\npassword =\n", "[acme]\nusername = ci\npassword = ${PYPI_PASSWORD}\n"},
	},
	{
		".docker/config.json", ".docker/config.json",
		[]string{"{\n  \"auths\": {\n    \"ghcr.io\": {\n      \"auth\": \"⟦{{b64enc \"ci:Nq8LmR2vYp4c7Zk2Qv9sTtXw\"}}⟧\"\n    }\n  }\n}\n", "{\"auths\":{\"quay.io\":{\"identitytoken\":\"⟦{{alnum 64}}⟧\"}}}"},
		[]string{"{\"auths\": {\"ghcr.io\": {}}}", "{\"auths\": {\"ghcr.io\": {\"auth\": \"\"}}, \"credsStore\": \"desktop\"}"},
	},
	{
		".dockerconfigjson", "pull-secret.yaml",
		[]string{
			"apiVersion: v1\nkind: Secret\nmetadata:\n  name: pull\ntype: kubernetes.io/dockerconfigjson\ndata:\n  .dockerconfigjson: ⟦{{b64enc (printf `{\"auths\":{\"quay.io\":{\"auth\":\"%s\"}}}` (b64enc \"robot:Nq8LmR2vYp4c7Zk2\"))}}⟧\n",
		},
		[]string{"apiVersion: v1\nkind: Secret\nmetadata:\n  name: pull\ntype: kubernetes.io/dockerconfigjson\ndata:\n  .dockerconfigjson: {{b64enc `{\"auths\":{\"quay.io\":{}}}`}}\n"},
	},
	{
		"kubeconfig", ".kube/config",
		[]string{
			"apiVersion: v1\nkind: Config\nusers:\n- name: ci\n  user:\n    token: ⟦{{alnum 40}}⟧\n",
			"kind: Config\nusers:\n- name: ci\n  user:\n    client-certificate-data: {{b64enc cert}}\n    client-key-data: ⟦{{b64enc (pem \"RSA PRIVATE KEY\")}}⟧\n",
			"kind: Config\nusers:\n- name: ci\n  user:\n    username: ci\n    password: ⟦{{alnum 14}}⟧\n",
		},
		[]string{"apiVersion: v1\nkind: Config\nclusters:\n- cluster:\n    certificate-authority-data: {{b64enc cert}}\n    server: https://10.0.0.1:6443\nusers:\n- name: ci\n  user:\n    tokenFile: /var/run/token\n    client-key: /etc/ssl/ci.key\n"},
	},
	{
		"Kubernetes Secret", "k8s/secret.yaml",
		[]string{
			"apiVersion: v1\nkind: Secret\nmetadata:\n  name: shop\ntype: Opaque\ndata:\n  foo: ⟦{{b64enc (alnum 14)}}⟧\n  bar: \"⟦{{b64enc (alnum 32)}}⟧\" # rotated\n  user: {{b64enc \"shop\"}}\n",
			"apiVersion: v1\ndata:\n    foo: ⟦{{b64enc (alnum 14)}}⟧\nkind: Secret\nmetadata:\n    name: shop\n",
			"kind: Secret\r\ndata:\r\n  foo: ⟦{{b64enc (alnum 14)}}⟧\r\n",
			"kind: Secret\ndata:\n  foo: |\n    ⟦{{b64enc (alnum 14)}}⟧\n  bar: >-\n    ⟦{{b64enc (alnum 15)}}\n    {{b64enc (alnum 14)}}⟧\n",
			"kind: Secret\nstringData:\n  foo: ⟦{{alnum 14}}⟧\n  bar: '⟦{{alnum 20}}⟧'\n",
			"kind: Secret\ndata:\n  foo: ⟦{{b64 42}}8=⟧\n", // bytes
			"kind: Secret\ntype: kubernetes.io/tls\ndata:\n  tls.crt: {{b64enc cert}}\n  tls.key: ⟦{{b64enc (pem \"RSA PRIVATE KEY\")}}⟧\n",
			"kind: Secret\ndata:\n  url: ⟦{{b64enc (printf \"postgres://shop:%s@db.acme.io/shop\" (alnum 14))}}⟧\n",
		},
		[]string{
			"apiVersion: v1\nkind: Secret\ndata:\n  foo: {{\"{{\"}} .Values.foo | b64enc }}\n  bar: {{\"{{\"}} .Values.bar | b64enc | quote }}\n",
			"kind: Secret\ndata:\n  {{\"{{\"}}- range $k, $v := .Values.secrets }}\n  {{\"{{\"}} $k }}: {{\"{{\"}} $v | b64enc }}\n  {{\"{{\"}}- end }}\n",
			"kind: ConfigMap\ndata:\n  foo: {{b64enc (alnum 14)}}\n---\nkind: Secret\ndata: {}\n",
			"kind: Secret\ndata:\n  username: {{b64enc \"shop\"}}\n  host: {{b64enc \"db.acme.io\"}}\n  ca.crt: {{b64enc cert}}\n",
			"kind: Secret\ndata:\n  foo: {{b64enc \"changeme\"}}\n  bar: {{b64enc \"<your token>\"}}\n  baz: {{b64enc \"eu-west-1\"}}\n  qux:\n",
			"kind: Secret\nstringData:\n  foo: ${FOO}\n  bar: ENC[AES256_GCM,data:{{b64 24}}=,type:str]\n",
			"kind: Secret\nmetadata:\n  annotations:\n    foo: {{b64enc (alnum 14)}}\n",
			"kind: SecretStore\ndata:\n  foo: {{b64enc (alnum 14)}}\n",
		},
	},
	{
		"Kubernetes Secrets in one file", "k8s/all.yaml",
		[]string{
			"kind: ConfigMap\ndata:\n  foo: {{b64enc (alnum 14)}}\n---\nkind: Secret\ndata:\n  foo: ⟦{{b64enc (alnum 14)}}⟧\n---\ndata:\n  foo: ⟦{{b64enc (alnum 14)}}⟧\nkind: Secret\n---\nkind: ConfigMap\ndata:\n  foo: {{b64enc (alnum 14)}}\n",
			"apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  data:\n    foo: {{b64enc (alnum 14)}}\n  kind: ConfigMap\n- apiVersion: v1\n  data:\n    foo: ⟦{{b64enc (alnum 14)}}⟧\n  kind: Secret\n- kind: Secret\n  data:\n    foo: ⟦{{b64enc (alnum 14)}}⟧\n- kind: ConfigMap\n  data:\n    foo: {{b64enc (alnum 14)}}\n",
			"cat <<EOF | kubectl apply -f -\napiVersion: v1\nkind: Secret\ndata:\n  foo: ⟦{{b64enc (alnum 14)}}⟧\nEOF\ndata:\n  foo: {{b64enc (alnum 14)}}\n",
		},
		[]string{"kind: Secret\nmetadata:\n  name: shop\n---\nkind: ConfigMap\ndata:\n  foo: {{b64enc (alnum 14)}}\n"},
	},
	{
		"Kubernetes Secret in JSON", "k8s/secret.json",
		[]string{
			`{"apiVersion":"v1","data":{"foo":"⟦{{b64enc (alnum 14)}}⟧","user":"c2hvcA=="},"kind":"Secret"}`,
			"{\n  \"kind\": \"Secret\",\n  \"metadata\": {\"labels\": {\"a\": \"}\"}},\n  \"data\": {\n    \"foo\": \"⟦{{b64enc (alnum 14)}}⟧\",\n    \"bar\": \"⟦{{b64enc (alnum 14)}}⟧\"\n  }\n}\n",
			`{"kind":"List","items":[{"kind":"ConfigMap","data":{"foo":"{{b64enc (alnum 14)}}"}},{"kind":"Secret","stringData":{"foo":"⟦{{alnum 14}}⟧"}}]}`,
			"    kubectl.kubernetes.io/last-applied-configuration: |\n      {\"apiVersion\":\"v1\",\"data\":{\"foo\":\"⟦{{b64enc (alnum 14)}}⟧\"},\"kind\":\"Secret\"}\n",
		},
		[]string{
			`{"kind":"Secret","data":{"foo":"{{"{{"}} .foo | b64enc }}","user":"c2hvcA=="}}`,
			`{"kind":"ConfigMap","data":{"foo":"{{b64enc (alnum 14)}}"}}, {"kind":"Secret","data":null}`,
			`{"kind":"Secret","metadata":{"data":{"foo":"{{b64enc (alnum 14)}}"}}}`,
		},
	},
	{
		"Ansible", "group_vars/all.yml",
		[]string{"ansible_become_pass: ⟦{{alnum 14}}⟧\n", "ansible_ssh_pass: \"⟦{{alnum 14}}⟧\"\n"},
		[]string{"ansible_become_pass: \"{{\"{{\"}} vault_become_pass }}\"\n", "ansible_become_pass: !vault |\n  $ANSIBLE_VAULT;1.1;AES256\n  {{hex 80}}\n  {{hex 80}}\n"},
	},
	{
		"Ansible vault password", ".vault_pass",
		[]string{"ansible_vault_password = ⟦{{alnum 14}}⟧\n", "vault_password: ⟦{{alnum 14}}⟧\n"},
		[]string{"vault_password_file = ~/.vault_pass\n", "$ANSIBLE_VAULT;1.1;AES256\n{{hex 80}}\n{{hex 80}}\n"},
	},
	{
		"Terraform state", "terraform.tfstate",
		[]string{
			"{\n  \"version\": 4,\n  \"resources\": [{\"type\": \"aws_db_instance\", \"instances\": [{\"attributes\": {\n    \"address\": \"db.acme.io\",\n    \"password\": \"⟦{{alnum 14}}⟧\"\n  }}]}]\n}\n",
			"{\n  \"version\": 4,\n  \"outputs\": {\n    \"db_password\": {\n      \"value\": \"⟦{{alnum 14}}⟧\",\n      \"type\": \"string\"\n    }\n  }\n}\n",
			"  \"resources\": [{\"type\": \"random_password\", \"instances\": [{\"attributes\": {\n    \"length\": 16,\n    \"result\": \"⟦{{alnum 16}}⟧\"\n  }}]}]\n",
		},
		[]string{"{\n  \"version\": 4,\n  \"outputs\": {\n    \"db_address\": {\n      \"value\": \"db.acme.io\",\n      \"type\": \"string\"\n    }\n  }\n}\n", "    \"password\": null,\n    \"password_wo\": null,\n"},
	},
	{
		".pgpass", ".pgpass",
		[]string{"db.acme.io:5432:shop:svc:⟦{{alnum 14}}⟧\n", "db.acme.io:6543:*:svc:⟦{{alnum 14}}⟧\n", "*:*:*:postgres:⟦{{alnum 14}}⟧\n"},
		[]string{"# hostname:port:database:username:password\n", "db.acme.io:5432:shop:svc:$PW\n", "db.acme.io:5432:shop\n"},
	},
	{
		"wp-config.php", "wp-config.php",
		[]string{"define( 'DB_PASSWORD', '⟦{{alnum 14}}⟧' );\n", "define('AUTH_KEY',         '⟦{{alnum 64}}⟧');\n"},
		[]string{"define( 'DB_PASSWORD', 'password_here' );\n", "define('AUTH_KEY', 'put your unique phrase here');\n", "define( 'DB_PASSWORD', getenv('DB_PASSWORD') );\n"},
	},
	{
		"Spring", "src/main/resources/application.yml",
		[]string{"spring:\n  datasource:\n    username: shop\n    password: ⟦{{alnum 14}}⟧\n", "spring.datasource.password=⟦{{alnum 14}}⟧\n", "server.ssl.key-store-password=⟦{{alnum 14}}⟧\n"},
		[]string{"spring:\n  datasource:\n    password: ${DB_PASSWORD}\n", "spring.datasource.password=${DB_PASSWORD:}\n", "    password: ENC({{b64 32}})\n"},
	},
	{
		"Rails", "config/database.yml",
		[]string{"production:\n  adapter: mysql2\n  username: shop\n  password: ⟦{{alnum 14}}⟧\n", "production:\n  secret_key_base: ⟦{{hex 128}}⟧\n"},
		[]string{"production:\n  password: <%= ENV['SHOP_DATABASE_PASSWORD'] %>\n", "production:\n  secret_key_base: <%= ENV[\"SECRET_KEY_BASE\"] %>\n", "  password:\n  host: db\n"},
	},
	{
		"Django", "shop/settings.py",
		[]string{"SECRET_KEY = '⟦django-insecure-{{chars \"abcdefghijklmnopqrstuvwxyz0123456789\" 50}}⟧'\n", "SECRET_KEY = '⟦{{chars \"abcdefghijklmnopqrstuvwxyz0123456789!@#%^&*(-_=+)\" 50}}⟧'\n", "        'PASSWORD': '⟦{{alnum 14}}⟧',\n"},
		[]string{"SECRET_KEY = os.environ['SECRET_KEY']\n", "SECRET_KEY = env('SECRET_KEY')\n", "        'PASSWORD': config('DB_PASSWORD'),\n"},
	},
	{
		"Laravel", ".env",
		[]string{"APP_KEY=⟦base64:{{b64 42}}8=⟧\n", "DB_PASSWORD=⟦{{alnum 14}}⟧\n", "PUSHER_APP_SECRET=⟦{{lower 20}}⟧\n"},
		[]string{"APP_KEY=\n", "DB_PASSWORD=\n", "MAIL_PASSWORD=null\n"},
	},
	{
		"shadow", "etc/shadow",
		[]string{"root:⟦$6${{alnum 16}}${{alnum 86}}⟧:19000:0:99999:7:::\n", "svc:⟦$y$j9T${{alnum 22}}${{alnum 43}}⟧:19000:0:99999:7:::\n", "old:⟦$1${{alnum 8}}${{alnum 22}}⟧:19000:0:99999:7:::\n"},
		[]string{"daemon:*:19000:0:99999:7:::\n", "svc:!!:19000::::::\n", "root:x:0:0:root:/root:/bin/bash\n"},
	},
	{
		".htpasswd", ".htpasswd",
		[]string{"admin:⟦$2y$10${{alnum 53}}⟧\n", "admin:⟦$apr1${{alnum 8}}${{alnum 22}}⟧\n"},
		[]string{"admin:\n", "admin:$2y$10${{alnum 12}}\n"},
	},
}

// seedForms are seeds of one-time passwords and of wallets.
var seedForms = []form{
	{
		"NKEY", "user.creds",
		[]string{"-----BEGIN USER NKEY SEED-----\n⟦{{nkey \"U\"}}⟧\n------END USER NKEY SEED------\n", "nats_seed = \"⟦{{nkey \"A\"}}⟧\"\n"},
		[]string{"-----BEGIN USER NKEY SEED-----\n", "nats_user = \"U{{b32 55}}\"\n", "nats_seed = \"SUAM\"\n"},
	},
	{
		"OTP", "totp.yml",
		[]string{"uri: otpauth://totp/Acme:ci?secret=⟦{{b32 32}}⟧&issuer=Acme\n", "totp_secret: ⟦{{b32 32}}⟧\n", "OTP_SEED=⟦{{b32 16}}⟧\n"},
		[]string{"uri: otpauth://totp/Acme:ci?issuer=Acme\n", "uri: otpauth://totp/Acme:ci?secret=JBSWY3DPEHPK3PXP&issuer=Acme\n", "totp_secret: ${TOTP_SECRET}\n", "totp_secret: \n"},
	},
	{
		"BIP-39", "wallet.env",
		[]string{"MNEMONIC=\"⟦{{mnemonic 12}}⟧\"\n", "seed phrase: ⟦{{mnemonic 24}}⟧\n", "const mnemonic = '⟦{{mnemonic 12}}⟧';\n"},
		[]string{"MNEMONIC=\"{{words}} {{words}}\"\n", "MNEMONIC=\"test test test test test test test test test test test junk\"\n", "MNEMONIC=\"$SEED\"\n"},
	},
}

// keyForms are private keys in their encodings.
var keyForms = []form{
	{
		"PKCS#1", "deploy/id.pem",
		[]string{"⟦{{pem \"RSA PRIVATE KEY\"}}⟧\n"},
		[]string{
			"-----BEGIN RSA PRIVATE KEY-----\n", "-----BEGIN RSA PRIVATE KEY-----\n-----END RSA PRIVATE KEY-----\n",
			"-----BEGIN RSA PRIVATE KEY-----\n...\n-----END RSA PRIVATE KEY-----\n", "{{cert}}\n", "-----BEGIN PUBLIC KEY-----\nMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA{{b64 300}}IDAQAB\n-----END PUBLIC KEY-----\n",
		},
	},
	{
		"PKCS#8", "deploy/id.pem",
		[]string{"⟦{{pem \"PRIVATE KEY\"}}⟧\n"},
		[]string{"-----BEGIN PRIVATE KEY-----\n", "-----BEGIN PRIVATE KEY-----\n<your key>\n-----END PRIVATE KEY-----\n"},
	},
	{
		"SEC 1", "deploy/id.pem",
		[]string{"⟦{{pem \"EC PRIVATE KEY\"}}⟧\n", "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n⟦{{pem \"EC PRIVATE KEY\"}}⟧\n"},
		[]string{"-----BEGIN EC PRIVATE KEY-----\n", "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n"},
	},
	{
		"DSA", "deploy/id.pem",
		[]string{"⟦{{pem \"DSA PRIVATE KEY\"}}⟧\n"},
		[]string{"-----BEGIN DSA PRIVATE KEY-----\n"},
	},
	{
		"OPENSSH", "deploy/id_ed25519",
		[]string{"⟦{{openssh}}⟧\n", "key: |\n⟦{{openssh}}⟧\n"},
		[]string{"-----BEGIN OPENSSH PRIVATE KEY-----\n", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI{{b64 43}} deploy@acme.io\n"},
	},
	{
		"one line", "config.json",
		[]string{`{"private_key": "⟦{{oneline (pem "RSA PRIVATE KEY")}}⟧\n"}`, `PRIVATE_KEY="⟦{{oneline (pem "PRIVATE KEY")}}⟧"`},
		[]string{`{"private_key": "-----BEGIN PRIVATE KEY-----\n...\n-----END PRIVATE KEY-----\n"}`, `if strings.HasPrefix(key, "-----BEGIN RSA PRIVATE KEY-----\n") {`},
	},
	{
		"base64 of PEM", "config.env",
		[]string{"DEPLOY_KEY=⟦{{b64enc (pem \"RSA PRIVATE KEY\")}}⟧\n", "SSH_KEY_B64=\"⟦{{b64enc openssh}}⟧\"\n"},
		[]string{"CA_CERT={{b64enc cert}}\n"},
	},
	{
		"base64 without armor", "Sign.java",
		[]string{`private static final String KEY = "⟦{{der "PKCS8 RSA"}}⟧";`, `sign.key=⟦{{der "EC PRIVATE KEY"}}⟧`},
		[]string{`publicKey = "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA{{b64 300}}IDAQAB"`},
	},
	{
		"PuTTY", "deploy.ppk",
		[]string{"⟦PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: none\nComment: ci\nPublic-Lines: 1\n{{b64 64}}\nPrivate-Lines: 1\n{{b64 48}}\nPrivate⟧-MAC: {{hex 64}}\n"},
		[]string{"PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: none\nComment: ci\n"},
	},
	{
		"PGP", "deploy.asc",
		[]string{"⟦-----BEGIN PGP PRIVATE KEY BLOCK-----\n\nlQOY{{b64 60}}\n{{b64 64}}\n{{b64 40}}\n=aB3d\n-----END PGP PRIVATE KEY BLOCK-----⟧\n"},
		[]string{"-----BEGIN PGP PRIVATE KEY BLOCK-----\n", "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nmDMEZ{{b64 200}}\n=abcd\n-----END PGP PUBLIC KEY BLOCK-----\n", "-----BEGIN PGP MESSAGE-----\n\n{{b64 200}}\n-----END PGP MESSAGE-----\n"},
	},
}

// lowForms are those of which it is told only with --confidence low: they open nothing by themselves.
var lowForms = []form{
	{
		"encrypted", "deploy/id.pem",
		[]string{"⟦{{pkcs8enc}}⟧\n"},
		[]string{"-----BEGIN ENCRYPTED PRIVATE KEY-----\n"},
	},
	{
		"PEM with a passphrase", "deploy/id_rsa",
		[]string{"⟦-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,{{HEX 32}}\n\n{{b64 64}}\n{{b64 64}}\n{{b64 64}}\n-----END RSA PRIVATE KEY-----⟧\n"},
		[]string{"-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,{{HEX 32}}\n"},
	},
}
