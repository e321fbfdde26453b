//! The way back to a Sydent: what has changed here since the import is printed as SQL for its
//! database.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::binding::assert_signed;
use crate::import::{copied, imports, moving, now, owner};
use crate::program::{Binary, Done, done, refused};
use crate::sydent::{NAME, Sydent};
use crate::world::World;

fn way_back(binary: &Binary, file: &Path) -> Done {
    binary.run(&["import", "sydent", file.to_str().unwrap(), "--way-back"])
}

/// Applies the way back, and returns its first line.
fn goes_back(binary: &Binary, file: &Path) -> String {
    let sql = done(way_back(binary, file));
    Sydent::open(file).run(&sql);
    sql.lines().next().unwrap().to_owned()
}

/// Returns whom a Sydent finds by the hash of an address.
fn finds(sydent: &mut Sydent, address: &str) -> Option<String> {
    let medium = if address.contains('@') { "email" } else { "msisdn" };
    let pepper = sydent.texts("SELECT lookup_pepper AS text FROM hashing_metadata").remove(0);
    let hash = BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(format!("{address} {medium} {pepper}")));
    let found = format!(
        "SELECT mxid AS text FROM global_threepid_associations WHERE lookup_hash = '{hash}' \
         AND notBefore < {now} AND notAfter > {now} ORDER BY ts DESC LIMIT 1",
        now = now()
    );
    sydent.texts(&found).pop().filter(|user| user.starts_with('@'))
}

/// Addresses that the file has, or has had, without most of those to which nothing happens.
fn addresses(sydent: &mut Sydent) -> BTreeSet<String> {
    let all = "SELECT address AS text FROM local_threepid_associations UNION SELECT address FROM global_threepid_associations";
    let is_left =
        |address: &String| ["person1", "person2", "person3", "4477009000"].iter().any(|some| address.starts_with(some));
    sydent.texts(all).into_iter().filter(|address| address != "not an address" && !is_left(address)).collect()
}

on_both_backends! {
    async fn what_changed_here_is_found_by_the_sydent_and_by_a_new_import(world: World) {
        let (world, binary) = moving(world).await;
        let file = copied(&world);
        imports(&binary, &file, &["--accept-losses"]);
        assert!(goes_back(&binary, &file).starts_with("-- 0 addresses were bound and 0 unbound"));
        let bind = |address: &str, user: &str| drop(done(binary.run(&["bind", "--address", address, "--user", user])));
        let unbind = |address: &str, user: &str| drop(done(binary.run(&["unbind", "--address", address, "--user", user])));
        let bound = [
            ("new@example.com", "@new.here:hs1.example"),
            ("o'brien@example.com", "@brien:hs1.example"),
            ("447700900077", "@phone:hs1.example"),
            // Of somebody else there, of nobody, and in two spellings.
            ("moved@example.com", "@here:hs3.example"),
            ("gone@example.com", "@gone.here:hs1.example"),
            ("erik@example.com", "@erik.here:hs1.example"),
            ("peer1@example.net", "@peer.here:hs1.example"),
            // Removed and bound again.
            ("person07@example.com", "@person07:hs3.example"),
        ];
        unbind("person07@example.com", "@person07:hs3.example");
        for (address, user) in bound {
            bind(address, user);
        }
        unbind("person01@example.com", "@person01:hs1.example");
        unbind("person05@example.com", "@elsewhere:hs9.example");
        unbind("frida@example.com", "@frida:hs2.example");
        bind("brief@example.com", "@brief:hs1.example");
        unbind("brief@example.com", "@brief:hs1.example");
        done(binary.run(&["object", "person02@example.com"]));
        done(binary.run(&["object", "guest1@example.com"]));
        done(binary.run(&["erase", "--user", "@alice:127.0.0.1:24490", "--yes"]));

        let head = goes_back(&binary, &file);
        assert!(head.starts_with("-- 7 addresses were bound and 5 unbound since the import, and 4 accounts, tokens or invitations"), "{head}");
        let mut sydent = Sydent::open(&file);
        for (address, user) in bound {
            assert_eq!(finds(&mut sydent, address).as_deref(), Some(user), "{address}");
        }
        let mut ours = BTreeMap::new();
        for address in addresses(&mut sydent) {
            let (found, owner) = (finds(&mut sydent, &address), owner(&binary, &address));
            assert!(found.is_none() || owner.is_some(), "{address} was removed here");
            if address == address.to_lowercase() {
                assert_eq!(found, owner, "{address}");
            }
            ours.insert(address, owner);
        }
        for table in ["accounts", "tokens", "accepted_terms_urls"] {
            let theirs = format!("SELECT user_id AS text FROM {table} WHERE user_id LIKE '@alice%'");
            assert_eq!(sydent.texts(&theirs), Vec::<String>::new(), "{table}");
        }
        assert_eq!(sydent.texts("SELECT token AS text FROM invite_tokens"), Vec::<String>::new());
        let signed = "SELECT sgAssoc AS text FROM global_threepid_associations WHERE address = 'new@example.com'";
        let signed: Value = serde_json::from_str(&sydent.texts(signed)[0]).unwrap();
        assert_eq!(signed["mxid"], "@new.here:hs1.example");
        let server = world.start().await;
        assert_signed(&server, NAME, &signed).await;
        server.stop().await;

        // Both servers say the same now, and so does a third one.
        assert_eq!(binary.run(&["import", "sydent", file.to_str().unwrap(), "--verify"]).status, Some(0));
        let (_third, third) = moving(World::on_sqlite().await).await;
        imports(&third, &file, &["--accept-losses"]);
        for (address, ours) in ours {
            assert_eq!(owner(&third, &address), ours, "{address}");
        }
        assert!(goes_back(&binary, &file).starts_with("-- 0 addresses were bound and 0 unbound since the import, and 0"));
    }

    async fn what_is_newer_there_stays(world: World) {
        let (world, binary) = moving(world).await;
        let mut sydent = Sydent::new(world.folder.path());
        let file = sydent.path.clone();
        let nothing = "nothing was imported from this Sydent, or the move was ended";
        refused(&way_back(&binary, &file), 1, nothing);
        sydent.bind("there@example.com", "@old:hs.example", now());
        sydent.bind("here@example.com", "@old:hs.example", now());
        sydent.bind("Bücher@bücher.example", "@old:hs.example", now());
        imports(&binary, &file, &[]);
        done(binary.run(&["bind", "--address", "here@example.com", "--user", "@new:hs.example"]));
        done(binary.run(&["bind", "--address", "bücher@bücher.example", "--user", "@new:hs.example"]));
        sydent.bind("there@example.com", "@new:hs.example", now());
        let found = way_back(&binary, &file);
        assert_eq!((found.status, found.stderr.as_str()), (Some(0), "1 addresses have changed there since the last import, and stay as they are there\n"));
        // This file has no hashes: earlier versions had none.
        sydent.run(&found.stdout);
        let all = "SELECT address || ' ' || coalesce(mxid, '') AS text FROM local_threepid_associations ORDER BY address";
        assert_eq!(sydent.texts(all), [
            "Bücher@bücher.example ",
            "bücher@xn--bcher-kva.example @new:hs.example",
            "here@example.com @new:hs.example",
            "there@example.com @new:hs.example",
        ]);
        imports(&binary, &file, &["--last"]);
        assert_eq!(owner(&binary, "there@example.com").as_deref(), Some("@new:hs.example"));
        refused(&way_back(&binary, &file), 1, nothing);
        let both = binary.run(&["import", "sydent", file.to_str().unwrap(), "--way-back", "--yes"]);
        refused(&both, 2, "cannot be used with");
    }
}
