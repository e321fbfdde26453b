//! The tables, which are the same on both backends. The columns are described in `migrations/`.

diesel::table! {
    meta (name) {
        name -> Text,
        value -> Binary,
    }
}

diesel::table! {
    leases (name) {
        name -> Text,
        held_until -> BigInt,
    }
}

diesel::table! {
    nodes (id) {
        id -> Binary,
        version -> Text,
        started_at -> BigInt,
        seen_at -> BigInt,
        signing_keys -> Text,
    }
}

diesel::table! {
    accounts (id) {
        id -> BigInt,
        user_index -> Binary,
        mxid -> Binary,
        created_at -> BigInt,
        unbound_at -> Nullable<BigInt>,
        shut_out_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    tokens (token_hash) {
        token_hash -> Binary,
        account_id -> BigInt,
        created_at -> BigInt,
        used_at -> BigInt,
        proof_at -> Nullable<BigInt>,
        confirmed_at -> Nullable<BigInt>,
        confirmed_by -> Nullable<Binary>,
    }
}

diesel::table! {
    consents (id) {
        id -> BigInt,
        account_id -> BigInt,
        policy -> Text,
        version -> Text,
        language -> Text,
        url -> Text,
        sha256 -> Binary,
        accepted_at -> BigInt,
        withdrawn_at -> Nullable<BigInt>,
        account_gone_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    sessions (id) {
        id -> BigInt,
        sid -> Text,
        session_key -> Binary,
        secret_hash -> Binary,
        account_id -> Nullable<BigInt>,
        address_index -> Binary,
        address -> Binary,
        next_link -> Nullable<Binary>,
        send_attempt -> BigInt,
        sending_attempt -> BigInt,
        sending_until -> BigInt,
        modified_at -> BigInt,
        validated_at -> Nullable<BigInt>,
        code_since -> Nullable<BigInt>,
        wrong_codes -> BigInt,
    }
}

diesel::table! {
    bindings (id) {
        id -> BigInt,
        address_index -> Binary,
        user_index -> Binary,
        address -> Binary,
        mxid -> Binary,
        bound_at -> BigInt,
    }
}

diesel::table! {
    invites (id) {
        id -> BigInt,
        token_hash -> Binary,
        account_id -> BigInt,
        address_index -> Nullable<Binary>,
        address -> Nullable<Binary>,
        token -> Binary,
        room_id -> Binary,
        sender -> Binary,
        key_index -> Binary,
        signing_key -> Text,
        created_at -> BigInt,
    }
}

diesel::table! {
    ephemeral_keys (key_index) {
        key_index -> Binary,
        valid_until -> BigInt,
    }
}

diesel::table! {
    outbox (id) {
        id -> BigInt,
        kind -> Text,
        owner -> Binary,
        user_index -> Binary,
        cause_index -> Nullable<Binary>,
        address_index -> Binary,
        destination -> Binary,
        payload -> Binary,
        attempts -> BigInt,
        next_at -> BigInt,
        held_until -> BigInt,
        created_at -> BigInt,
        trouble -> Nullable<Text>,
    }
}

diesel::table! {
    unbind_signatures (signature_hash) {
        signature_hash -> Binary,
        seen_at -> BigInt,
        network_index -> Nullable<Binary>,
        removals -> BigInt,
    }
}

diesel::table! {
    visits (token_hash) {
        token_hash -> Binary,
        subject_index -> Binary,
        subject -> Binary,
        proved_at -> BigInt,
        proof_at -> Nullable<BigInt>,
        confirmed_at -> Nullable<BigInt>,
        confirmed_by -> Nullable<Binary>,
    }
}

diesel::table! {
    openid_tokens (token_hash) {
        token_hash -> Binary,
        forget_at -> BigInt,
    }
}

diesel::table! {
    erasures (user_index) {
        user_index -> Binary,
        mxid -> Binary,
        language -> Text,
        requested_at -> BigInt,
        due_at -> BigInt,
    }
}

diesel::table! {
    rate_limits (key) {
        key -> Binary,
        empty_at -> BigInt,
        kind -> Text,
        forgotten_at -> BigInt,
    }
}

diesel::table! {
    homeservers (domain_index) {
        domain_index -> Binary,
        first_seen_at -> BigInt,
        last_seen_at -> BigInt,
    }
}

diesel::table! {
    recent_lookups (token_index, epoch) {
        token_index -> Binary,
        epoch -> BigInt,
        hashes -> Binary,
        expires_at -> BigInt,
    }
}

diesel::table! {
    objections (address_index) {
        address_index -> Binary,
        objected_at -> BigInt,
    }
}

diesel::table! {
    imported (kind, item) {
        kind -> BigInt,
        item -> Binary,
        at -> BigInt,
        state -> BigInt,
    }
}

diesel::table! {
    audit_queue (id) {
        id -> BigInt,
        entry -> Text,
        mac -> Binary,
    }
}

diesel::table! {
    audit_log (sequence) {
        sequence -> BigInt,
        entry -> Text,
        mac -> Binary,
        link -> Binary,
    }
}

diesel::allow_tables_to_appear_in_same_query!(accounts, tokens, consents, sessions, invites, ephemeral_keys);
