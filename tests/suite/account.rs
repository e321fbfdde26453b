//! Registering, and what a token is good for.

on_both_backends! {
    async fn a_user_registers_and_is_known_until_logout(world: World) {
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        assert_eq!(alice.get("/account").await.ok()["user_id"], alice.mxid);
        alice.binds("alice@example.com").await;
        assert_eq!(alice.looks_up("alice@example.com").await, Some(alice.mxid.clone()));
        alice.post("/account/logout", serde_json::json!({})).await.ok();
        assert_eq!(alice.get("/account").await.error(), (401, "M_UNAUTHORIZED"));
    }
}
