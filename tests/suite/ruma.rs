//! Interoperability: `ruma-identity-service-api` makes every request and parses every answer.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Debug;
use std::time::Duration;

use ruma_common::api::auth_scheme::{AuthScheme, SendAccessToken};
use ruma_common::api::path_builder::VersionHistory;
use ruma_common::api::{
    IncomingResponseExt as _, Metadata, OutgoingRequest, OutgoingRequestExt as _, SupportedVersions,
};
use ruma_common::authentication::TokenType;
use ruma_common::serde::Base64;
use ruma_common::serde::base64::UrlSafe;
use ruma_common::thirdparty::Medium;
use ruma_common::{OwnedClientSecret, OwnedSessionId, OwnedUserId};
use ruma_identity_service_api::association::bind_3pid::v2 as bind;
use ruma_identity_service_api::association::check_3pid_validity::v2 as get_validated;
use ruma_identity_service_api::association::email::create_email_validation_session::v2 as request_token;
use ruma_identity_service_api::association::email::validate_email::v2 as submit_token;
use ruma_identity_service_api::association::email::validate_email_by_end_user::v2 as open_link;
use ruma_identity_service_api::association::msisdn::create_msisdn_validation_session::v2 as request_code;
use ruma_identity_service_api::association::msisdn::validate_msisdn::v2 as submit_code;
use ruma_identity_service_api::association::msisdn::validate_msisdn_by_phone_number::v2 as open_code;
use ruma_identity_service_api::association::unbind_3pid::v2 as unbind;
use ruma_identity_service_api::authentication::get_account_information::v2 as account;
use ruma_identity_service_api::authentication::logout::v2 as logout;
use ruma_identity_service_api::authentication::register::v2 as register;
use ruma_identity_service_api::discovery::get_server_status::v2 as status;
use ruma_identity_service_api::discovery::get_supported_versions as versions;
use ruma_identity_service_api::invitation::sign_invitation_ed25519::v2 as sign_invite;
use ruma_identity_service_api::invitation::store_invitation::v2 as store_invite;
use ruma_identity_service_api::keys::check_public_key_validity::v2 as is_valid;
use ruma_identity_service_api::keys::get_public_key::v2 as public_key;
use ruma_identity_service_api::keys::validate_ephemeral_key::v2 as is_ephemeral_valid;
use ruma_identity_service_api::lookup::IdentifierHashingAlgorithm;
use ruma_identity_service_api::lookup::get_hash_parameters::v2 as hash_details;
use ruma_identity_service_api::lookup::lookup_3pid::v2 as lookup;
use ruma_identity_service_api::tos::accept_terms_of_service::v2 as accept;
use ruma_identity_service_api::tos::get_terms_of_service::v2 as terms;

use crate::invitations::{mailed_link, parameter};
use crate::world::{NOON, SECRET, Server, World, hash, link, query};

/// Returns the versions that the server supports, from which ruma chooses an endpoint's path.
async fn supported(server: &Server) -> SupportedVersions {
    let request = versions::Request::new();
    let request = request.try_into_http_request::<Vec<u8>>(&server.url, SendAccessToken::None, ()).unwrap();
    exchange::<versions::Request>(server, request).await.unwrap().as_supported_versions()
}

async fn exchange<R: OutgoingRequest>(
    server: &Server,
    request: hyper::Request<Vec<u8>>,
) -> Result<R::IncomingResponse, String>
where
    R::EndpointError: Debug,
{
    let answer = server.http.execute(request.try_into().unwrap()).await.unwrap();
    let (status, headers) = (answer.status(), answer.headers().clone());
    let body = answer.bytes().await.unwrap();
    let mut response = hyper::Response::new(&body[..]);
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    R::IncomingResponse::try_from_http_response(response).map_err(|error| format!("{error:?}"))
}

/// Sends a request and reads its answer, or the error in it.
async fn attempt<R>(
    server: &Server,
    request: R,
    token: <R::Authentication as AuthScheme>::Input<'_>,
) -> Result<R::IncomingResponse, String>
where
    R: OutgoingRequest + Metadata<PathBuilder = VersionHistory>,
    R::EndpointError: Debug,
{
    let versions = Cow::Owned(supported(server).await);
    exchange::<R>(server, request.try_into_http_request(&server.url, token, versions).unwrap()).await
}

/// Sends a request that succeeds.
async fn ask<R>(server: &Server, request: R, token: <R::Authentication as AuthScheme>::Input<'_>) -> R::IncomingResponse
where
    R: OutgoingRequest + Metadata<PathBuilder = VersionHistory>,
    R::EndpointError: Debug,
{
    attempt(server, request, token).await.unwrap()
}

/// Registers with an OpenID token, and accepts the terms in the first available language.
async fn signs_up(world: &World, server: &Server, localpart: &str) -> String {
    let openid = world.homeserver.openid_token(localpart);
    let request = register::Request::new(
        openid["access_token"].as_str().unwrap().to_owned(),
        TokenType::Bearer,
        world.homeserver.name().try_into().unwrap(),
        Duration::from_hours(1),
    );
    let token = ask(server, request, SendAccessToken::None).await.token;
    let on_offer = ask(server, terms::Request::new(), SendAccessToken::None).await.policies;
    assert_eq!(on_offer.len(), 2);
    let gate = attempt(server, account::Request::new(), token.as_str()).await.unwrap_err();
    assert!(gate.contains("M_TERMS_NOT_SIGNED"), "{gate}");
    let urls = on_offer.into_values().map(|policy| {
        assert_eq!(policy.version, "1.0");
        assert_eq!(policy.localized.len(), 4);
        policy.localized.into_values().next().unwrap().url
    });
    ask(server, accept::Request::new(urls.collect()), &token).await;
    token
}

/// Starts a session, and returns its ID and the token from its mail.
async fn requests_token(world: &World, server: &Server, token: &str, email: &str) -> (OwnedSessionId, String) {
    let asked = request_token::Request::new(secret(), email.to_owned(), 1_u8.into(), None);
    let sid = ask(server, asked, token).await.sid;
    let mail = world.validation_mail(email).await;
    (sid, query(&link(&mail), "token"))
}

fn secret() -> OwnedClientSecret {
    SECRET.try_into().unwrap()
}

on_both_backends! {
    async fn every_endpoint_answers_as_ruma_understands_it(world: World) {
        let server = world.start().await;
        assert!(!supported(&server).await.versions.is_empty());
        ask(&server, status::Request::new(), SendAccessToken::None).await;
        let token = signs_up(&world, &server, "alice").await;
        let mxid: OwnedUserId = world.homeserver.user_id("alice").try_into().unwrap();
        assert_eq!(ask(&server, account::Request::new(), token.as_str()).await.user_id, mxid);

        let (sid, proof) = requests_token(&world, &server, &token, "alice@example.com").await;
        let submitted = submit_token::Request::new(sid.clone(), secret(), proof);
        assert!(ask(&server, submitted, token.as_str()).await.success);
        let validated = ask(&server, get_validated::Request::new(sid.clone(), secret()), token.as_str()).await;
        assert_eq!((validated.medium, validated.address.as_str()), (Medium::Email, "alice@example.com"));
        assert_eq!(i64::from(validated.validated_at), NOON);

        let bound = ask(&server, bind::Request::new(sid.clone(), secret(), mxid.clone()), token.as_str()).await;
        assert_eq!((bound.medium, bound.address.as_str(), &bound.mxid), (Medium::Email, "alice@example.com", &mxid));
        let (name, key_id, _) = bound.signatures.iter().flat_map(|(name, keys)| {
            keys.iter().map(move |(key_id, signature)| (name.clone(), key_id.clone(), signature.clone()))
        }).next().unwrap();
        assert_eq!(name, world.config.server.name);
        let key = ask(&server, public_key::Request::new(key_id.to_string().try_into().unwrap()), SendAccessToken::None).await;
        assert!(ask(&server, is_valid::Request::new(key.public_key.clone()), SendAccessToken::None).await.valid);
        assert!(!ask(&server, is_ephemeral_valid::Request::new(key.public_key), SendAccessToken::None).await.valid);

        let details = ask(&server, hash_details::Request::new(), token.as_str()).await;
        assert_eq!(details.algorithms, [IdentifierHashingAlgorithm::Sha256]);
        let found = hash("alice@example.com", &details.lookup_pepper);
        let look_up = lookup::Request::new(
            IdentifierHashingAlgorithm::Sha256,
            details.lookup_pepper.clone(),
            vec![found.clone(), hash("bob@example.com", &details.lookup_pepper)],
        );
        let mappings = ask(&server, look_up.clone(), token.as_str()).await.mappings;
        assert_eq!(mappings, BTreeMap::from([(found, mxid.clone())]));

        let proof = unbind::ThreePidOwnershipProof::new(sid, secret());
        let threepid = unbind::ThirdPartyId::new(Medium::Email, "alice@example.com".to_owned());
        ask(&server, unbind::Request::new(Some(proof), mxid, threepid), token.as_str()).await;
        assert!(ask(&server, look_up, token.as_str()).await.mappings.is_empty());
        ask(&server, logout::Request::new(), token.as_str()).await;
        let gone = attempt(&server, account::Request::new(), token.as_str()).await.unwrap_err();
        assert!(gone.contains("Unauthorized"), "{gone}");
    }

    async fn a_phone_number_is_validated_as_ruma_understands_it(world: World) {
        let server = world.start().await;
        let token = signs_up(&world, &server, "alice").await;
        for (number, by_client) in [("07700900001", true), ("07700900002", false)] {
            let asked = request_code::Request::new(secret(), "GB".to_owned(), number.to_owned(), 1_u8.into(), None);
            let sid = ask(&server, asked, token.as_str()).await.sid;
            let code = world.texts().last().unwrap().code();
            if by_client {
                assert!(ask(&server, submit_code::Request::new(sid.clone(), secret(), code), token.as_str()).await.success);
            } else {
                ask(&server, open_code::Request::new(sid.clone(), secret(), code), token.as_str()).await;
            }
            let validated = ask(&server, get_validated::Request::new(sid, secret()), token.as_str()).await;
            assert_eq!((validated.medium, validated.address), (Medium::Msisdn, format!("44{}", &number[1..])));
        }
    }

    async fn the_link_in_a_mail_may_be_opened_by_a_client(world: World) {
        let server = world.start().await;
        let token = signs_up(&world, &server, "alice").await;
        let (sid, proof) = requests_token(&world, &server, &token, "alice@example.com").await;
        ask(&server, open_link::Request::new(sid.clone(), secret(), proof), token.as_str()).await;
        let validated = ask(&server, get_validated::Request::new(sid, secret()), token.as_str()).await;
        assert_eq!(validated.address, "alice@example.com");
    }

    async fn an_invitation_is_stored_and_accepted_as_ruma_understands_it(world: World) {
        let server = world.start().await;
        let token = signs_up(&world, &server, "alice").await;
        let alice: OwnedUserId = world.homeserver.user_id("alice").try_into().unwrap();
        let mut invite = store_invite::Request::email("bob@example.com".to_owned(), "!room:hs.example".try_into().unwrap(), alice.clone());
        invite.room_name = Some("Bob's Emporium".to_owned());
        let stored = ask(&server, invite, token.as_str()).await;
        assert_eq!(stored.display_name, "b...@e...");
        assert!(stored.public_keys.server_key.key_validity_url.ends_with("/_matrix/identity/v2/pubkey/isvalid"));
        let key = stored.public_keys.ephemeral_key.public_key;
        assert!(ask(&server, is_ephemeral_valid::Request::new(key), SendAccessToken::None).await.valid);

        let signurl = parameter(&mailed_link(&world, &server, "bob@example.com").await, "signurl");
        let private_key = Base64::<UrlSafe>::parse(query(&signurl, "private_key")).unwrap();
        let bob: OwnedUserId = "@bob:hs.example".try_into().unwrap();
        let accept = sign_invite::Request::new(bob.clone(), stored.token.clone(), Base64::new(private_key.into_inner()));
        let signed = ask(&server, accept, token.as_str()).await;
        assert_eq!((signed.mxid, signed.sender, signed.token), (bob, alice, stored.token));
        assert_eq!(signed.signatures.iter().count(), 1);
        let unknown = sign_invite::Request::new("@bob:hs.example".try_into().unwrap(), "unknown".to_owned(), Base64::new(vec![7; 32]));
        let error = attempt(&server, unknown, token.as_str()).await.unwrap_err();
        assert!(error.contains("404"), "{error}");
    }
}
