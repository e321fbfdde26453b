use std::time::Duration;

use proptest::prelude::*;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, ExtendedKeyUsagePurpose, IsCa, KeyPair, date_time_ymd,
};

use super::*;

const NAME: &str = "db.server.example";
/// In 2024, when [`parameters`] are valid.
const NOW: u64 = 1_720_000_000;

fn parameters(names: &[&str]) -> CertificateParams {
    let mut parameters = CertificateParams::new(names.iter().map(ToString::to_string).collect::<Vec<_>>()).unwrap();
    (parameters.not_before, parameters.not_after) = (date_time_ymd(2024, 1, 1), date_time_ymd(2025, 1, 1));
    parameters
}

/// Returns parameters like those of `openssl req -x509`.
fn authority(names: &[&str]) -> CertificateParams {
    let mut parameters = parameters(names);
    parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    parameters
}

fn self_signed(parameters: &CertificateParams) -> CertificateDer<'static> {
    parameters.self_signed(&KeyPair::generate().unwrap()).unwrap().der().clone()
}

fn pem(certificates: &[&CertificateDer<'_>]) -> String {
    use base64::prelude::{BASE64_STANDARD, Engine};
    let block = |certificate: &&CertificateDer<'_>| {
        format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", BASE64_STANDARD.encode(certificate))
    };
    certificates.iter().map(block).collect()
}

fn verifying(trusted: Trusted) -> Verifier {
    Verifier { trusted: Some(trusted), crypto: Arc::new(ring::default_provider()) }
}

fn trusting(certificates: &[&CertificateDer<'_>]) -> Verifier {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), pem(certificates)).unwrap();
    verifying(Trusted::new(Vec::new(), Some(file.path())).unwrap())
}

fn verdict(verifier: &Verifier, certificate: &CertificateDer<'_>, name: &str, now: u64) -> Result<(), TlsFault> {
    let name = ServerName::try_from(name.to_owned()).unwrap();
    let now = UnixTime::since_unix_epoch(Duration::from_secs(now));
    verifier.verify_server_cert(certificate, &[], &name, &[], now).map(drop).map_err(|error| TlsFault::from(&error))
}

#[test]
fn a_certificate_in_ca_file_is_accepted_from_the_server_it_names() {
    let ca = CertifiedIssuer::self_signed(authority(&[]), KeyPair::generate().unwrap()).unwrap();
    let issued = parameters(&[NAME]).signed_by(&KeyPair::generate().unwrap(), &ca).unwrap().der().clone();
    let mut for_servers = authority(&[NAME]);
    for_servers.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    for (what, certificate) in [
        ("self-signed, as an authority", self_signed(&authority(&[NAME]))),
        ("self-signed, for servers", self_signed(&for_servers)),
        ("self-signed, as no authority", self_signed(&parameters(&[NAME]))),
        ("self-signed, with a wildcard", self_signed(&authority(&["*.server.example", "other.test"]))),
        ("issued by an authority that is not listed", issued),
    ] {
        let other = self_signed(&authority(&["other.test"]));
        for verifier in [trusting(&[&certificate]), trusting(&[&other, &certificate])] {
            assert_eq!(verdict(&verifier, &certificate, NAME, NOW), Ok(()), "{what}");
            assert_eq!(verdict(&verifier, &certificate, "stranger.test", NOW), Err(TlsFault::OtherName), "{what}");
            assert_eq!(verdict(&verifier, &certificate, NAME, NOW + 31_536_000), Err(TlsFault::Expired), "{what}");
            assert_eq!(verdict(&verifier, &certificate, NAME, NOW - 31_536_000), Err(TlsFault::NotYetValid), "{what}");
        }
        let refused = verdict(&trusting(&[&other]), &certificate, NAME, NOW);
        assert!(matches!(refused, Err(TlsFault::Authority | TlsFault::UnknownIssuer)), "{what}: {refused:?}");
    }
    let by_address = self_signed(&authority(&["192.0.2.1", "2001:db8::1"]));
    for (address, expected) in [("192.0.2.1", Ok(())), ("2001:db8::1", Ok(())), ("192.0.2.2", Err(TlsFault::OtherName))]
    {
        assert_eq!(verdict(&trusting(&[&by_address]), &by_address, address, NOW), expected, "{address}");
    }
}

#[test]
fn the_cause_of_a_refusal_is_named() {
    let ca = CertifiedIssuer::self_signed(authority(&[]), KeyPair::generate().unwrap()).unwrap();
    let issued = |parameters: &CertificateParams| {
        parameters.signed_by(&KeyPair::generate().unwrap(), &ca).unwrap().der().clone()
    };
    let mut for_clients = parameters(&[NAME]);
    for_clients.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    let verifier = trusting(&[ca.der()]);
    // The same names and key usage, but another key.
    let again = CertifiedIssuer::self_signed(authority(&[]), KeyPair::generate().unwrap()).unwrap();
    let renewed = parameters(&[NAME]).signed_by(&KeyPair::generate().unwrap(), &again).unwrap().der().clone();
    for (what, certificate, expected) in [
        ("issued by the authority", issued(&parameters(&[NAME])), Ok(())),
        ("for other names", issued(&parameters(&["other.example"])), Err(TlsFault::OtherName)),
        ("for no name", issued(&parameters(&[])), Err(TlsFault::NoName)),
        ("for clients", issued(&for_clients), Err(TlsFault::OtherPurpose)),
        ("an authority", issued(&authority(&[NAME])), Err(TlsFault::Authority)),
        ("self-signed authority", self_signed(&authority(&[NAME])), Err(TlsFault::Authority)),
        ("self-signed", self_signed(&parameters(&[NAME])), Err(TlsFault::UnknownIssuer)),
        ("issued by an authority made again", renewed, Err(TlsFault::UnknownIssuer)),
        ("junk", CertificateDer::from(vec![0x30, 0]), Err(TlsFault::BadCertificate)),
    ] {
        assert_eq!(verdict(&verifier, &certificate, NAME, NOW), expected, "{what}");
    }
    let for_clients = self_signed(&for_clients);
    assert_eq!(verdict(&trusting(&[&for_clients]), &for_clients, NAME, NOW), Err(TlsFault::OtherPurpose));
    let nameless = self_signed(&authority(&[]));
    assert_eq!(verdict(&trusting(&[&nameless]), &nameless, NAME, NOW), Err(TlsFault::NoName));
    let trusts_nobody = verifying(Trusted::new(Vec::new(), None).unwrap());
    assert_eq!(verdict(&trusts_nobody, &issued(&parameters(&[NAME])), NAME, NOW), Err(TlsFault::UnknownIssuer));
}

#[test]
fn a_fault_is_found_however_deep_it_is() {
    let expired = || Error::InvalidCertificate(rustls::CertificateError::Expired);
    let deep = std::io::Error::other(std::io::Error::other(expired()));
    assert_eq!(TlsFault::of(&deep), Some(TlsFault::Expired));
    assert_eq!(TlsFault::of(&expired()), Some(TlsFault::Expired));
    assert_eq!(TlsFault::of(&std::io::Error::from(std::io::ErrorKind::UnexpectedEof)), None);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn a_certificate_that_differs_in_any_byte_is_not_the_one_in_ca_file(at: prop::sample::Index, bit in 0_u8..8) {
        let certificate = self_signed(&authority(&[NAME]));
        let mut other = certificate.to_vec();
        *at.get_mut(&mut other) ^= 1 << bit;
        prop_assert!(verdict(&trusting(&[&certificate]), &CertificateDer::from(other), NAME, NOW).is_err());
    }
}
