// Made by scripts/page.py.
#define CPAGE_POLICY "default-src 'none'; script-src 'sha256-1ZfXfYJobXb7MLAQTv2I9mBTO8XmiLzns8CYOONgYnw='; style-src 'sha256-ceBmSs3pK46h0815fNgLcF/VFlTmk91FQiSEV0V9T4A='; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
