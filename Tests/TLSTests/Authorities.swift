import Kernel
import TLS
import TestSupport

/// Certificates and keys as PEM, made once for all tests by the openssl command and kept in memory.
struct Authorities {
    /// By file name, such as `server.crt`.
    private let files: [String: [UInt8]]

    static let shared = Result { try Authorities() }

    init() throws {
        files = try withTemporaryDirectory { directory in
            let status = try Shell(Authorities.script, in: directory).wait()
            guard status == 0 else { throw ScriptFailure(status: status) }
            var files: [String: [UInt8]] = [:]
            for name in try Files.names(in: directory) where name.hasSuffix(".crt") || name.hasSuffix(".key") {
                files[name] = try Files.read("\(directory)/\(name)")
            }
            return files
        }
    }

    subscript(_ name: String) -> [UInt8] { files[name] ?? [] }

    /// Writes one of them into a directory.
    func write(_ name: String, to directory: String) throws {
        try writeFile("\(directory)/\(name)", self[name])
    }

    /// A server with this certificate, of which nothing else is decided.
    func setup(_ name: String = "server") -> ServerSetup {
        ServerSetup(certificate: self["\(name).crt"], key: self["\(name).key"])
    }

    private static let script = """
        set -eu
        printf '[req]\\ndistinguished_name=dn\\nstring_mask=utf8only\\n[dn]\\n' > config
        # issue NAME ISSUER SUBJECT DAYS EXTENSIONS...: a certificate from the issuer, or from itself, for a new P-256 key.
        issue() {
            name=$1 issuer=$2 subject=$3 days=$4
            shift 4
            [ -e $name.key ] || openssl genpkey -quiet -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out $name.key
            openssl req -new -utf8 -config config -key $name.key -subj "$subject" -out $name.csr
            printf '%s\\n' "$@" > $name.ext
            if [ $issuer = $name ]; then signer="-signkey $name.key"; else signer="-CA $issuer.crt -CAkey $issuer.key"; fi
            openssl x509 -req -in $name.csr $signer -days $days -extfile $name.ext -out $name.crt 2>/dev/null
        }
        authority=basicConstraints=critical,CA:true
        local=subjectAltName=DNS:localhost,IP:127.0.0.1
        issue ca ca /CN=ca 30 $authority
        issue other-ca other-ca /CN=other-ca 30 $authority
        issue intermediate ca /CN=intermediate 30 $authority
        issue server ca '/O=Grün/CN=localhost' 30 $local
        openssl genpkey -quiet -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out server-rsa.key
        issue server-rsa ca /CN=localhost 30 $local
        issue server-expired ca /CN=localhost -1 $local
        issue server-nameless ca / 30 subjectAltName=critical,IP:127.0.0.1,DNS:first.example,DNS:second.example
        issue server-leaf intermediate /CN=localhost 30 $local
        cat server-leaf.crt intermediate.crt > server-chain.crt
        cp server-leaf.key server-chain.key
        openssl ecparam -name prime256v1 > parameters.key
        openssl ec -in server.key 2>/dev/null | cat parameters.key - > server-sec1.key
        openssl pkcs8 -topk8 -in server.key -passout pass:secret -out server-encrypted.key
        openssl ec -in server.key -aes128 -passout pass:secret -out server-legacy.key 2>/dev/null
        names=DNS:scraper.example,email:ops@example.org,URI:spiffe://example.org/scraper,IP:192.0.2.7,IP:2001:db8::7
        issue client ca /CN=client 30 subjectAltName=$names extendedKeyUsage=clientAuth
        issue client-nameless ca /CN=scraper.example 30 extendedKeyUsage=clientAuth
        issue client-expired ca /CN=client -1 extendedKeyUsage=clientAuth
        issue client-server ca /CN=client 30 extendedKeyUsage=serverAuth
        issue client-other other-ca /CN=client 30 subjectAltName=$names
        issue client-below intermediate /CN=client 30 extendedKeyUsage=clientAuth
        cat client-below.crt intermediate.crt > client-chain.crt
        cp client-below.key client-chain.key
        """
}
