// Made by scripts/page.py.
#define CPAGE_POLICY "default-src 'none'; script-src 'sha256-5zElYCdk00HhO3YKJD4MkMuGu2uzyA4K60oMJYQ4jd4='; style-src 'sha256-jxcbA9aVb969FAUJFCQJPYvpuMGVqJONsRLUtpInrEY='; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
