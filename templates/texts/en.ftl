# Every text that people read on a page or in an email. To replace single messages, put a file of the same name into
# the directory set by `texts.directory`.

page-language-name = English
page-languages = Language
page-skip = Skip to content
page-tagline = Matrix identity server
page-contact = Contact:
page-home = Home

page-home-lead = With this server, people who already have your email address can find you on Matrix – but only if you want them to.
page-home-how = How it works
page-home-step-ask = In your Matrix app, you ask to be found by your email address.
page-home-step-prove = We send a link to that address. By opening it, you show that the address is yours.
page-home-step-bind = Once you confirm this in the app, people can find your Matrix ID by this address. You can undo it at any time.
page-home-privacy = What this page knows about you
page-home-privacy-text = Nothing. It sets no cookies, runs no scripts and loads nothing from other sites.
page-home-server = Nobody can browse the data on this server either. We show your Matrix ID only to people who look up exactly your address, and we limit how many addresses anyone can look up.
page-home-policies = What you agree to

page-policies = Policies
page-policies-none = This server does not ask you to agree to anything.
page-policies-older = Earlier versions
page-policy-version = Version { $version }
page-policy-in-force = This is the current version.
page-policy-superseded = This is an earlier version, kept for reference. The current version is { $version }:

page-retention = What we store, and for how long
page-retention-data = Data
page-retention-kept = How long we keep it
page-retention-session = Confirmation of an address
page-retention-session-kept = { $span } after the last step, then deleted within an hour
page-retention-code = Code in a text message
page-retention-code-kept = { $span }, or until { $tries } wrong attempts
page-retention-token = Sign-in of an app
page-retention-token-kept = until you sign out, or { $span } without use
page-retention-binding = Link between an address and a Matrix ID
page-retention-binding-kept = until you remove or erase it
page-retention-consent = Record of what you agreed to
page-retention-consent-kept = as long as you have an account here, plus { $span }
page-retention-unbinding = Fingerprint of a homeserver’s request to remove an address, and of the network it came from
page-retention-unbinding-kept = { $span } after the last such request
page-retention-invite = Invitation sent to an address
page-retention-invite-kept = { $span }; the address itself only until the invitation is delivered
page-retention-key = Public key of an invitation
page-retention-key-kept = while the invitation is pending, plus { $span }
page-retention-delivery = Invitation on its way to your homeserver
page-retention-delivery-kept = until it arrives, at most { $span }
page-retention-notice = Notification on its way to your address
page-retention-notice-kept = until it arrives, at most { $span }
page-retention-openid = Fingerprint of a proof of your Matrix ID
page-retention-openid-kept = { $span }, or for as long as the proof is valid
page-retention-erasure = Erasure that you requested without confirming an address
page-retention-erasure-kept = until it happens after { $span }, or is stopped
page-retention-alert = Warning to your address about what was done with your data
page-retention-alert-kept = until it arrives, at most { $span }, even after an erasure
page-retention-visit = Session on the pages about your own data
page-retention-visit-kept = { $span }, or until you sign out
page-retention-objection = Fingerprint of an address whose owner has objected
page-retention-objection-kept = until the objection is withdrawn
page-retention-budget = Count of look-ups and messages
page-retention-budget-kept = until it has dropped to zero, usually within 100 days
page-retention-lookup = What was looked up
page-retention-lookup-kept = two weeks at most, encrypted; only the app that looked it up can have it decrypted
page-retention-audit = Audit log: what was done with data, under pseudonyms
page-retention-audit-kept = { $span }, even if you have your data erased
page-retention-log = Access log
page-retention-log-kept = { $kept ->
    [cut] without users or addresses; IP addresses are shortened
   *[none] none
}

page-validated = Your address is confirmed
page-validated-text = Nothing has been published yet. Return to your Matrix app to continue. You can close this page.
page-validated-again = Your address was already confirmed
page-validated-again-text = There is nothing more to do here. Return to your Matrix app to continue. You can close this page.
page-validated-expired = This link has expired
page-validated-expired-text = Links work for a limited time only. Return to your Matrix app and request a new email.
page-validated-wrong = This link does not work
page-validated-wrong-text = Part of the link may be missing. Copy the whole link from the email, or request a new email in your Matrix app.

page-confirm = Confirm your address
page-confirm-text = You opened a link from our email. Press the button to confirm that the address is yours.
page-confirm-button = Confirm
page-confirm-leave = If you did not ask for this, close this page. Nothing has happened.

page-code-expired = This code has expired
page-code-expired-text = A code works for a short time and a few attempts only. Return to your Matrix app and request a new text message.
page-code-wrong = This code is wrong
page-code-wrong-text = Check the text message again: only the newest code works. Or request a new one in your Matrix app.

page-not-me = Wasn’t this you?
page-not-me-bound = On { $server }, people can find this Matrix account by your address, because somebody confirmed the address:
page-not-me-bound-consequence = If this is not your account, press the button. Nobody can then be found by your address, and earlier confirmations of it can no longer be used.
page-not-me-asked = Somebody asked { $server } to confirm your address for this Matrix account:
page-not-me-asked-consequence = If this is not your account, press the button. We then cancel the request. If people can already find the account by your address because of it, we undo that too.
page-not-me-button = This wasn’t me
page-not-me-leave = If it is your account, close this page. Nothing has changed.
page-not-me-unbound = Done. The link has been removed
page-not-me-unbound-text = People can no longer find that Matrix account by your address. There is nothing more to do. You can close this page.
page-not-me-cancelled = The request has been cancelled
page-not-me-cancelled-text = That Matrix account can no longer use it. There is nothing more to do. You can close this page.
page-not-me-settled = There is nothing left to undo
page-not-me-settled-text = This was already undone, or it has expired. If a later message says that people can find an account by your address that is not yours, use the link in that message.
page-not-me-superseded = This link is out of date
page-not-me-superseded-text = Your address has been confirmed again since then. If that wasn’t you, use the link in the newest message about it.
page-not-me-wrong-text = Part of the link may be missing. Copy the whole link from the message.
page-not-me-added = Another address was added to this Matrix account on { $server }:
page-not-me-added-consequence = If you did not add it, press the button. We then remove the new address and any other that was added in the three days before or since, sign all apps and sessions of this account out of this server, and stop an erasure that was requested.
page-not-me-added-leave = If you added it, close this page. Nothing has changed.
page-not-me-removed = The new address has been removed
page-not-me-removed-text = Any other address that was added in the three days before or since has been removed too, and everybody has been signed out of this server. Change the password of your Matrix account, and sign out devices and apps that you do not recognise. You can then add your own addresses again.
page-not-me-signed-out = Everybody has been signed out
page-not-me-signed-out-text = The new address had already been removed. If an erasure was requested, it has been stopped. Change the password of your Matrix account, and sign out devices and apps that you do not recognise.

page-missing = Page not found
page-missing-text = The address may be mistyped, or the page may no longer exist.
page-wrong-method = This page does not work that way
page-wrong-method-text = Your browser sent a request that this page does not accept. Open the page from a link, or go back and try again.
page-unavailable = We cannot answer right now
page-unavailable-text = The server should be back shortly. Please try again in a minute.
page-too-often = You have opened this page too often
page-too-often-text = Please try again in a minute.

# Signing in.
page-sign-in = Sign in
page-sign-in-failed = Signing in did not work
page-sign-in-lead = Sign in with your Matrix account to see, change or erase what this server stores about you.
page-sign-in-for-export = Please sign in again before you download everything we store about you. This keeps your data safe if somebody else finds your device unlocked.
page-sign-in-for-erase = Please sign in again before we erase everything we store about you. This keeps your data safe if somebody else finds your device unlocked.
page-sign-in-without-script = To sign in, your browser talks directly to your homeserver, so that we never see your password. This needs JavaScript, which is turned off. If you only want to manage an email address, the link below works without it. You can also ask the operators of this server.
page-sign-in-mxid = Your Matrix ID
page-sign-in-mxid-hint = It looks like @anna:example.org. You can find it in the settings of your Matrix app.
page-sign-in-next = Continue
page-sign-in-password = Your Matrix password
page-sign-in-password-hint = It goes only to your homeserver, never to us.
page-sign-in-with-password = Sign in with password
page-sign-in-oauth = Sign in at { $server }
page-sign-in-sso = Single sign-on at { $server }
page-sign-in-sso-hint = Single sign-on opens a page of { $server }. If that page belongs to a different homeserver, close it: { $server } could otherwise use the account you have there.
page-sign-in-device = Temporary sign-in at { $name }
page-sign-in-asking = Looking for your homeserver…
page-sign-in-leaving = Going to { $server }…
page-sign-in-signing-in = Signing in…
page-sign-in-choose = We found { $server }. Sign in:
page-sign-in-how = What happens next
page-sign-in-how-password = Your browser signs in at your own homeserver. We see neither your password nor your messages.
page-sign-in-how-token = Your homeserver issues a short-lived proof of your Matrix ID, and your browser signs out there again right away. We receive only the proof.
page-sign-in-how-kept = Signing in does not create an account here. Your session ends automatically after a short while, or when you sign out.
page-sign-in-other = No Matrix account?
page-sign-in-other-text = Somebody may still have entered your email address here.
page-sign-in-other-link = See what we store about an email address
page-sign-in-mistyped = This is not a valid Matrix ID. It looks like @anna:example.org: a name, a colon, and the name of a homeserver.
page-sign-in-unreachable = { $server } does not respond. Check the spelling and your connection. If both are fine, the homeserver may be down, or it may not accept browsers. Try again later, or ask its operators.
page-sign-in-misconfigured = { $server } does not publish a valid address for its homeserver. Only its operators can fix this.
page-sign-in-no-homeserver = There is no Matrix homeserver at { $server }. Check the part of your Matrix ID after the colon.
page-sign-in-no-way = { $server } offers no way to sign in that this page supports. Please ask the operators of this server.
page-sign-in-wrong-password = Wrong Matrix ID or password. Please try again.
page-sign-in-deactivated = This account has been closed on its homeserver. Please ask the operators of this server.
page-sign-in-wait = { $server } has received too many requests. Try again in { $seconds } s.
page-sign-in-refused = { $server } refused to sign you in. Try again, or try another way if there is one.
page-sign-in-cancelled = You did not sign in at { $server }. Nothing has happened, and you can try again.
page-sign-in-stale = Too much time has passed, or you started in another window. Please sign in again.
page-sign-in-mixed-up = { $server } sends you to somebody else’s server to sign in. We stopped, because it could then use your account there. Only its operators can fix this.
page-sign-in-stranger = You signed in with an account that is not on { $server }. Enter the Matrix ID you sign in with.
page-sign-in-broken = Your browser could not complete the sign-in. Try again, or use a different, newer browser.
page-sign-in-unreadable = This request did not come from our sign-in page, or part of it is missing. Please sign in again.
page-sign-in-not-vouched = Your homeserver did not confirm who you are. Please sign in again. If that does not help, ask its operators.
page-sign-in-blocked = Users of this homeserver cannot use this server. If you think this is a mistake, or if you want your data, ask the operators of this server.
page-sign-in-too-often = There have been too many attempts to sign in from your network. Please try again later.
page-sign-in-homeserver-away = We could not ask your homeserver who you are. Please try again in a few minutes.

# Behind the link in the email about an invitation.
page-invited-names = Anyone can choose any name. Only the Matrix ID is reliable.
page-invited-matrix = What is Matrix?
page-invited-answer = How to respond
page-invited-answer-text = Open the invitation in your browser. There you can join with your Matrix account, or create one if you don’t have one yet. Do not share this link: anyone who has it can accept in your place.
page-invited-open = Open the invitation in { $app }
page-invited-elsewhere = You can also open it in another web app:
page-invited-apps = In your own app
page-invited-apps-text = There are many Matrix apps for phones and computers, such as Element, SchildiChat, FluffyChat, Cinny and Nheko.
page-invited-apps-address = Add this email address to your Matrix account, and let people find you by it on { $server }. In Element, for example, you can do this in the settings. The invitation then appears in every app where you use this account.
page-invited-address = What happens to your address
page-invited-address-text = We store it with this invitation until { $date }, encrypted, and use it for nothing else. We delete it earlier if you add it to a Matrix account or delete the invitation here.
page-invited-refuse-text = Then you don’t have to do anything. Nobody finds out whether you opened this page. If you want to settle this right away, press one of these buttons. Nobody finds out about that either.
page-invited-decline = Delete this invitation
page-invited-decline-text = We delete this invitation and your address with it. You can be invited again.
page-invited-object = Never list or invite me
page-invited-object-text = We delete all pending invitations to your address. After that, we no longer invite you, and nobody can be found by your address. You can withdraw your objection at any time.
page-invited-declined = The invitation has been deleted
page-invited-declined-text = We have deleted your address with it. There is nothing more to do. You can close this page.
page-invited-objected = You will not be invited again
page-invited-objected-text = We no longer send invitations to your address, and nobody can be found by it. All pending invitations have been deleted.
page-invited-delivered = This invitation has been delivered
page-invited-delivered-text = Your address was added to a Matrix account, and the invitation was sent there. Look for it in your Matrix app. If the account is not yours, use the link in the email that told you about it.
page-invited-over = This invitation is no longer valid
page-invited-over-text = It was deleted, or it has expired. Your address was deleted with it.
page-invited-own = To see what else we store about your address, to object, or to withdraw an objection, go here:
page-invited-own-link = Your address on this server

# Managing an address without an account.
page-address = What we store about your address
page-address-lead = See what this server stores about your email address or phone number, have it erased, or object to invitations. You don’t need an account.
page-address-lead-email = See what this server stores about your email address, have it erased, or object to invitations. You don’t need an account.
page-address-field = Your email address or phone number
page-address-field-email = Your email address
page-address-hint = Enter a phone number with a plus sign and the country code, such as +44 7700 900123.
page-address-button = Send me a link
page-address-next = We send you a message with a link. By opening it, you show that the address is yours, and you can see what we store about it.
page-address-secrecy = This page says the same for every address, whether we store anything about it or not.
page-address-wrong = This is not a valid address
page-address-wrong-text = Enter an email address, such as alice@example.org, or a phone number that starts with a plus sign.
page-address-wrong-email-text = Enter an email address, such as alice@example.org.
page-address-unreached-text = This server does not send text messages to that country or region, whatever the number.
page-address-sent = Check your messages
page-address-sent-text = If we can reach that address, a message with a link will arrive within a few minutes. The link works for one hour. If nothing arrives, check your spam folder or try again later: an address can get only a few of these messages per hour.
page-address-busy = Please wait a little
page-address-busy-text = Too many messages have been requested, either from your network or on this server as a whole. Please try again in an hour.
page-address-again = Request a new link
page-address-open = Is this your address?
page-address-open-text = You opened a link that was sent to an address. Press the button to see what we store about that address.
page-address-open-button = See what is stored
page-address-open-leave = A cookie then keeps you signed in for a short while. If you did not request this link, close this page. Nothing has happened.
page-address-expired = This link has expired
page-address-expired-text = A link like this works for one hour.
page-address-broken-text = Part of the link may be missing. Copy the whole link from the message, or request a new one.
page-address-left = You have signed out. This browser can no longer see what we store about your address.
page-address-erased = Everything has been erased. If you have objected, we still store your objection and nothing else.

page-held = What we store about your address
page-held-lead = This is everything this server stores about { $address }.
page-held-alone = This page is about this one address only, not about any other addresses you may have.
page-held-over = Your session has ended
page-held-over-text = Nothing has been changed. To see what we store about your address, request a new link and open it in this browser.
page-held-binding = Who can be found by it
page-held-unbound = Nobody.
page-held-unbind = Remove this link
page-held-unbind-text = Nobody can then be found by your address. Earlier confirmations of it are cancelled too.
page-held-confirmations = Who has asked to confirm it
page-held-confirmation-asked = not confirmed; requested on
page-held-confirmation-proved = confirmed on
page-held-confirmation-homeserver = A homeserver, for one of its users
page-held-cancel = Cancel these requests
page-held-cancel-text = Nobody can then use them to be found by your address.
page-held-invitations = Pending invitations
page-held-invitation = invited you on
page-held-uninvite = Delete the invitations
page-held-uninvite-text = The people who invited you are not notified.
page-held-deliveries = On their way
page-held-delivery-notice = a notification to you about this account, since
page-held-delivery-onbind = an invitation being passed on to this account, since
page-held-objection = Never list or invite me
page-held-objects = You objected on
page-held-objects-text = Nobody can be found by this address, and we send no confirmations or invitations to it.
page-held-object = I object
page-held-object-text = If you object, nobody can be found by this address any more, and we send no confirmations or invitations to it. We delete what is listed above, and keep only a fingerprint of the address so that we recognise it. You can withdraw your objection on this page at any time.
page-held-withdraw = I no longer object
page-held-withdraw-text = The address can then be confirmed and invited again.
page-held-download = Download
page-held-download-text = Everything on this page in one file (JSON), for you or for a program.
page-held-download-button = Download
page-held-erase = Erase everything
page-held-erase-text = We delete everything on this page right away, and your session ends. Only an objection is kept: without it, you could be invited again.
page-held-erase-sure = Yes, erase everything. This cannot be undone.
page-held-erase-button = Erase everything
page-held-leave = Sign out
page-held-leave-text = Your session ends automatically after a short while. If other people use this device, end it now.
page-held-leave-button = End my session
page-held-done-unbound = Nobody can be found by your address any more
page-held-done-cancelled = The requests have been cancelled
page-held-done-uninvited = The invitations have been deleted
page-held-done-objected = Your objection has been recorded
page-held-done-withdrawn = Your objection has been withdrawn
page-held-stale = Nothing has been done yet. For this, you need a link that you opened within the last five minutes.
page-held-unsure = Nothing was erased. Tick the box first.
page-object-text = If you object, nobody can be found by your address any more, and we send no confirmations or invitations to it. We delete what we store about it, and keep only a fingerprint so that we recognise it. You can withdraw your objection at any time.
page-object-expired = A link like this works for 60 days. To object, request a new one.
page-object-superseded = This address was added to a Matrix account after that message was sent, so the link in it no longer works. To object, request a new one.

# What people see of their own data and can do with it (/you).
page-month = { $month ->
    [1] January
    [2] February
    [3] March
    [4] April
    [5] May
    [6] June
    [7] July
    [8] August
    [9] September
    [10] October
    [11] November
   *[12] December
}
page-moment = { $day } { $month } { $year }, { $time } UTC
page-moment-day = { $day } { $month } { $year }
page-you = Your data
page-you-lead = This is everything { $server } stores about you.
page-you-nothing = { $server } stores nothing about you except this session, which ends automatically.
page-you-account-since = known here since
page-you-since = since
page-you-none = None.
page-you-sign-out = Sign out
page-you-addresses = Addresses you can be found by
page-you-addresses-none = Nobody can find you by an address.
page-you-addresses-text = Anyone who already knows one of these addresses can find your Matrix ID by it.
page-you-unbind = Remove { $address }
page-you-unbind-text = From then on, nobody can find you by this address. We notify the address that it was removed. You can add it again in your app at any time.
page-you-unbind-button = Remove this address
page-you-unbind-all = Remove all addresses
page-you-unbind-all-text = From then on, nobody can find you on this server by any address. We notify each address that it was removed.
page-you-unbind-all-button = Remove them all
page-you-policies = What you agreed to
page-you-policy-agreed = You have agreed to the current version.
page-you-policy-withdrawn = You have withdrawn your agreement. Apps cannot use this server for you until you agree again on this page.
page-you-policy-renewed = There is a new version that you have not agreed to.
page-you-policy-open = You have not agreed to this.
page-you-policy-former = This document is no longer in use here.
page-you-record-document = Document
page-you-record-accepted = Agreed to
page-you-record-withdrawn = Withdrawn
page-you-record-sha256 = Fingerprint (SHA-256)
page-you-read = Read:
page-you-changes = What has changed since the version you agreed to
page-you-accept = I agree to version { $version }
page-you-withdraw = Withdraw my agreement to: { $name }
page-you-withdraw-text = Your apps can then no longer use this server for you, and they cannot undo this. Only you can, on this page. People can still find you by your addresses until you remove them.
page-you-withdraw-button = Withdraw my agreement
page-you-withdraw-all = Withdraw everything I have agreed to
page-you-withdraw-all-button = Withdraw everything
page-you-apps = Signed-in apps
page-you-apps-none = None of your apps are signed in here.
page-you-apps-text = We know when each of your apps signed in here, and on which day it was last active. We do not know which app it is.
page-you-app-since = Signed in on
page-you-app-used = last used on
page-you-visits = Your current sessions on these pages, including this one. They began on:
page-you-sign-out-everywhere = Sign out everywhere
page-you-sign-out-everywhere-text = All your apps and all your other sessions are signed out of this server. An app signs in again automatically when it needs to. Your Matrix account is not affected.
page-you-sign-out-everywhere-button = Sign out everywhere now
page-you-busy-text = If you have not opened this page often, somebody else may be signed in to this server as you.
page-you-confirmations = Confirmations in progress
page-you-confirmed = confirmed on
page-you-asked = requested on
page-you-invitations = Invitations you have sent
page-you-invitation-delivered = Delivered; the address has been deleted
page-you-invitation-room = to
page-you-deliveries = On their way
page-you-delivery-notice = Notification to
page-you-delivery-invitation = Invitation to be passed on for
page-you-export = Download
page-you-export-text = Everything on this page in one file (JSON), for you or for another service. If you signed in more than five minutes ago, or have already used that sign-in, we ask you to sign in again.
page-you-export-button = Download everything
page-you-erase = Erase everything
page-you-erase-text = We delete everything this server stores about you. First, we show you what that is and ask again.
page-you-erase-link = See what will be erased
page-you-erase-title = Erase everything?
page-you-erase-wrong-title = Nothing was erased: that is not your Matrix ID
page-you-erase-lead = We delete the following right away, and it cannot be restored:
page-you-erase-effect = Nobody can find you by your addresses any more, pending invitations are lost, and all your apps are signed out of this server. We tell your addresses that everything was erased, and then forget them.
page-you-erase-kept = We keep the record of what you agreed to for another { $span }, without your name. We also keep counts of look-ups and messages until they have dropped to zero.
page-you-erase-account = Your Matrix account is not affected. Only this server forgets you.
page-you-erase-confirmation = Your Matrix ID
page-you-erase-hint = To confirm, type it exactly as shown above.
page-you-erase-wrong = This is not your Matrix ID as shown above. Nothing was erased.
page-you-erase-button = Erase everything now
page-you-erase-leave = Go back without erasing anything
page-you-erased = Everything has been erased
page-you-erased-text = { $server } has deleted the following about you. This session has ended too.
page-you-erased-kept = { $count ->
    [one] 1 record of what you agreed to is kept, without your name, until
   *[other] { $count } records of what you agreed to are kept, without your name, until
}
page-you-count-account = { $count ->
    [one] 1 account on this server
   *[other] { $count } accounts on this server
}
page-you-count-bindings = { $count ->
    [one] 1 link between an address and you
   *[other] { $count } links between addresses and you
}
page-you-count-tokens = { $count ->
    [one] 1 sign-in of an app
   *[other] { $count } sign-ins of apps
}
page-you-count-sessions = { $count ->
    [one] 1 confirmation of an address
   *[other] { $count } confirmations of addresses
}
page-you-count-invitations = { $count ->
    [one] 1 invitation you sent
   *[other] { $count } invitations you sent
}
page-you-count-deliveries = { $count ->
    [one] 1 message on its way
   *[other] { $count } messages on their way
}
page-you-count-visits = { $count ->
    [one] 1 session on these pages
   *[other] { $count } sessions on these pages
}
page-you-receipt = Your receipt
page-you-receipt-text = Save it now, because we do not keep a copy. It is signed by this server, so you can show it to anyone later.
page-you-receipt-button = Download the receipt
page-you-left = You have signed out
page-you-left-text = This browser no longer shows your data. You can close this page.
page-you-refused = Nothing was changed
page-you-refused-text = Your session has ended, or this request did not come from the right page. Open the page about your data again.
page-you-said-accepted = Your agreement has been recorded.
page-you-said-outdated = Nothing was recorded: that version is out of date. Please read the current one.
page-you-said-withdrawn = Your agreement has been withdrawn. Apps can no longer use this server for you.
page-you-said-unbound = The address has been removed. Nobody can find you by it any more.
page-you-said-not-bound = Nothing was changed: you cannot be found by that address.
page-you-said-all-unbound = All addresses have been removed. Nobody can find you by any of them any more.
page-you-said-signed-out = All your apps and all your other sessions have been signed out.
page-you-said-ready = You have just signed in, so you can download everything now.
page-you-said-later = You have reached the download limit. Please try again in an hour.

# What has changed in a policy.
page-changes = What has changed
page-changes-title = { $name }: what has changed
page-changes-span = From version { $older } to version { $newer }
page-changes-since = What has changed since version { $version }
page-changes-key = Removed text is struck through; added text is underlined.
page-changes-removed = Removed:
page-changes-added = Added:
page-changes-gap = { $count ->
    [one] 1 unchanged passage
   *[other] { $count } unchanged passages
}
page-changes-none = Nothing has changed: the text is the same in both versions.
page-changes-apart = Version { $version } does not exist in this language, so the two cannot be compared here. Read both of them, or choose another language.
page-changes-whole = The full text
page-retention-link = What we store
page-retention-lead = This is what currently applies on this server.
page-imprint = Legal notice

# Where to go from the start page, and who runs the server.
page-home-go = What you can do here
page-home-you = Your data
page-home-you-text = Sign in with your Matrix account to see what we store about you, download it or erase it.
page-home-address = Manage an address without an account
page-home-address-text = We send a link to your address. Use it to see what we store about the address, remove it, or never be invited again.
page-home-retention-text = The current retention table.
page-home-cookie = We use a single cookie, and only after you have signed in at “Your data” or opened the link for “Manage an address without an account”. It lasts as long as that session. Only the sign-in page has a script: it talks to your homeserver, so that your password never reaches us.
page-home-who = Who runs this server
page-home-run-by = This server is run by { $name }.

# What happens after an address is confirmed, and who asked.
page-validated-next = What happens next
page-validated-step-app = Return to your Matrix app.
page-validated-step-bind = Say there that you want to be found by this address. Until you do, nobody can find your Matrix ID by it.
page-validated-step-notice = We then send a notification to the address, with a link to undo this.
page-validated-who = Who asked
page-validated-asked = This Matrix account asked us to confirm your address:
page-validated-other = Not your account? Cancel the request:
page-validated-continue = Continue to { $host }
page-validated-address = Want to know what we store about your address? See:

mail-validation-subject = Confirm your email address for { $server }
mail-validation-title = Is this your email address?
mail-validation-asks = Somebody asked { $server } to confirm that this email address is theirs. They use this Matrix account:
mail-matrix-id = Matrix ID: { $mxid }
mail-homeserver = Homeserver: { $homeserver }
mail-validation-do = If this was you, open this link, then return to your app:
mail-validation-button = Confirm my address
mail-validation-copy = If the button does not work, copy this link into your browser:
mail-validation-lifetime = The link works for { $span }.
mail-validation-other-title = Wasn’t this you?
mail-validation-other = Do not open the link, and delete this email. If nobody opens the link, nothing is published, and we delete the request. If you open it, people may be able to find that person by your address.
mail-validation-cancel = If you have already opened it, or if you want to cancel the request right away, do so here:
mail-contact = Questions? { $contact }
mail-why = You are receiving this email because somebody entered your address. It is not a newsletter.
mail-notice-why = You are receiving this email because this server notifies an address whenever people can, or can no longer, find a Matrix account by it. It is not a newsletter.

mail-object = If you never want this server to list or invite your address, tell us here:
mail-address-subject = See what { $server } stores about your address
mail-address-title = Your link
mail-address-asks = Somebody asked on a page of { $server } to see what we store about this email address. If that was you, you can see it, erase it, or object to invitations.
mail-address-do = Open this link and press the button on the page. You don’t need an account:
mail-address-button = See what is stored
mail-address-other = Ignore this email. The link was sent only to you, and nothing has been changed. Do not share the link.

mail-bound-title = People can now find a Matrix account by your email address
mail-bound-since = Since { $time }, anyone who already knows this email address can find this Matrix account by it, on { $server }:
mail-bound-fine = If this is your account, there is nothing to do. You can remove the address at any time in your Matrix app.
mail-bound-undo = A link in an earlier email was opened, so people can now find somebody else by your address. To undo this, open the following link and press the button on the page. You don’t need an account:
mail-bound-lifetime = The link works as long as people can find that account by your address.

mail-unbound-title = People can no longer find a Matrix account by your email address
mail-unbound-since = Since { $time }, nobody can find this Matrix account by this email address any more, on { $server }:
mail-unbound-by-owner = The address was removed in a Matrix app by somebody who has shown that it is theirs.
mail-unbound-by-another = The address was added to another Matrix account by somebody who has shown that it is theirs.
mail-unbound-by-user = The address was removed by the user of that account, on this server’s page about their data.
mail-unbound-by-homeserver = The address was removed by the account’s homeserver. Homeservers do this when their user asks them to or closes the account.
mail-unbound-by-reader = The address was removed by a link in an earlier message to it.
mail-unbound-by-operator = The address was removed by the operators of this server.
mail-unbound-again = There is nothing to do. To be found by this address again, add it in your Matrix app.
mail-unbound-other = Then somebody else has access to a Matrix account, or to a token of it. If the account is yours, change your password, sign out devices and apps that you do not recognise, and then sign out everywhere on this page:

# Text messages use only characters of GSM 03.38 (no ’, ê or no-break space). Any other makes one message into three.
sms-code = { $code } is your code for { $server }. It works for { $minutes } min. Do not share it.
sms-code-asks = Requested by { $mxid }.
sms-bound = { $server }: people can now find a Matrix account by your number.
sms-bound-undo = Not you?
sms-unbound = { $server }: people can no longer find a Matrix account by your number.
sms-notice-account = Account: { $mxid }
sms-confirm = Not you? Do not press the button. If you asked { $server } to show your data, open:
sms-opened = { $server }: somebody can now see all addresses of your Matrix account.
sms-exported = { $server }: the data of your Matrix account was downloaded.
sms-erased = { $server }: the data of your Matrix account was erased.
sms-erasing = { $server }: the data of your Matrix account will be erased within 3 days.
sms-added = { $server }: another address was added to your Matrix account.
sms-removed = { $server }: another address was removed from your Matrix account.
sms-objected = { $server }: your number is now blocked and can no longer be found or invited.
sms-invite = { $mxid } invites you to a conversation on Matrix. To see it, add this phone number to a Matrix account, such as one created at { $link }. Not interested? Ignore this.
sms-address = Your link to see or erase what { $server } stores about this number. It works for 1 hour. Not you? Ignore this.

mail-invite-subject = You are invited to a conversation on Matrix
mail-invite-title = You are invited to a conversation
mail-invite-asks = Somebody on Matrix would like to talk to you and gave us this email address to reach you:
mail-invite-by = Chosen name: { $name }
mail-invite-room = Room: { $room }
mail-invite-space = Space: { $room }
mail-invite-do = Open this link to see the invitation and how to respond. You don’t need a Matrix account yet:
mail-invite-button = See the invitation
mail-invite-other-app = Or add this email address to a Matrix account you already have, in any app. The invitation then appears there.
mail-invite-matrix = Matrix is an open network for messages and calls. Like email, it has many providers, and people can talk to each other whichever provider they use.
mail-invite-other-title = Don’t know this person, or not interested?
mail-invite-other = Then you don’t have to do anything. Nobody finds out whether you read this email. Anyone can choose any name; only the Matrix ID is reliable. Do not share the link: anyone who has it can accept the invitation in your place.
mail-invite-lifetime = We keep the invitation and your address for { $span }, or until you accept. Then we delete them.
mail-invite-object = The link above also lets you delete the invitation and your address right away, or tell us never to invite you again.

span-minutes = { $count ->
    [one] 1 minute
   *[other] { $count } minutes
}
span-hours = { $count ->
    [one] 1 hour
   *[other] { $count } hours
}
span-days = { $count ->
    [one] 1 day
   *[other] { $count } days
}

# Addresses are masked until a link that was sent to one of them is confirmed; an erasure without that happens later.
page-you-locked = The addresses on this page are hidden, because somebody else could have signed in as you. To see them, have a link sent to one of your addresses and open it. Until then, you cannot remove them, nor download or erase everything right away.
page-you-partly-locked = You have confirmed an address that was added in the last three days. Until these are over, we show only this address. To see everything now, confirm one that was added earlier, if you have one. To remove another one, confirm that one.
page-you-confirm-button = Send me a link
page-you-erasure-due = Everything will be erased:
page-you-erasure-link = See or stop this
page-you-erase-later-text = You have not confirmed your addresses. If you can still read one of them, go back and have a link sent to it: then you can erase everything right away. Otherwise, we erase everything in three days. We tell each of your addresses, and anyone who reads one of them can stop it. If one of them is not yours and its reader stops it, ask the operators of this server.
page-you-erase-later-lead = In three days, we delete the following, and it cannot be restored:
page-you-erase-later-button = Erase everything in three days
page-you-said-link-sent = We have sent you a link. Open it within half an hour and press the button there; then reload this page.
page-you-said-link-not-sent = Nothing was sent: this server does not send text messages to that country or region. Choose another address.
page-you-said-too-many-links = Nothing was sent: too many links have been requested. Please try again in an hour.
page-you-said-locked = Confirm one of your addresses first: have a link sent to it and open it.
page-you-said-erasure-requested = Everything will be erased in three days. We have told your addresses.
page-you-said-erasure-stopped = Nothing will be erased.
page-you-said-too-many-erasures = Nothing was requested: you have requested an erasure too often. Please try again tomorrow.

page-unlock = Are you asking to see your data?
page-unlock-text = Somebody who is signed in with this Matrix account asked to see all its addresses:
page-unlock-by-app = Asked for by an app:
page-unlock-by-browser = Asked for in a browser:
page-unlock-consequence = If you press the button, the person who asked can see all email addresses and phone numbers of this account here, download everything, and erase it. Press it only if that was you, just now.
page-unlock-button = Yes, that was me
page-unlock-deny-text = Then somebody else has access to your Matrix account, or to a token of it. We can sign them out of this server, together with all your own apps and sessions here.
page-unlock-deny-button = It wasn’t me: sign everybody out
page-unlock-done = Confirmed
page-unlock-done-text = Go back to where you asked, and reload the page or try again. You can close this page.
page-unlock-denied = Everybody has been signed out
page-unlock-denied-text = Nobody can see or erase your data with their old session. If an erasure was requested, it has been stopped, unless this address was added in the last three days. Change the password of your Matrix account, and sign out devices and apps that you do not recognise.
page-unlock-over = This link has been used
page-unlock-over-text = Or the person who asked for it has signed out, or the address has been removed from the account. If you need another link, ask for one where you are signed in.
page-unlock-expired-text = A link like this works for half an hour. If you need another one, ask for it where you are signed in.
page-unlock-broken-text = Part of the link may be missing. Copy the whole link from the message.

page-erasure = Stop the erasure?
page-erasure-text = Somebody who is signed in with this Matrix account asked us to erase everything we store about it:
page-erasure-requested = Requested:
page-erasure-due = Will happen:
page-erasure-shut-out = It wasn’t me. Also sign all apps and sessions of this account out of this server.
page-erasure-button = Stop the erasure
page-erasure-leave = If you want everything to be erased, close this page.
page-erasure-stopped = The erasure has been stopped
page-erasure-stopped-text = Nothing will be erased. You can close this page.
page-erasure-shut-out-text = Nothing will be erased, and everybody has been signed out of this server. Change the password of your Matrix account, and sign out devices and apps that you do not recognise.
page-erasure-over = There is nothing to stop
page-erasure-over-text = The erasure was already stopped, or it has happened.

mail-confirm-subject = Are you asking { $server } to show your data?
mail-confirm-title = Is this you?
mail-confirm-asks = On { $time }, somebody who is signed in with this Matrix account asked { $server } to show all its addresses:
mail-confirm-do = If this was you, open this link and press the button on the page:
mail-confirm-button = Continue
mail-confirm-other = Do not confirm it: the person who asked could then see all addresses of this account, download everything, and erase it. On the page behind the link you can also sign them out.
mail-alert-why = You are receiving this email because people can, or could, find this Matrix account by your address on this server. It is not a newsletter.
mail-alert-fine = If this was you, there is nothing to do.
mail-alert-other = Then somebody else has access to your Matrix account, or to a token of it. Change your password, sign out devices and apps that you do not recognise, and then sign out everywhere on this page:
mail-opened-title = Somebody can now see your addresses on { $server }
mail-opened-what = On { $time }, a link that was sent to another address of this Matrix account was confirmed on { $server }. The person who asked for it can see all addresses of the account for half an hour, download everything, and erase it:
mail-exported-title = Your data on { $server } was downloaded
mail-exported-what = On { $time }, everything that { $server } stores about this Matrix account was downloaded, including its email addresses and phone numbers. We tell you this once a day at most:
mail-erased-title = Your data on { $server } was erased
mail-erased-what = On { $time }, everything that { $server } stored about this Matrix account was erased. Nobody can find it by your address there any more:
mail-erasing-title = Your data on { $server } will be erased
mail-erasing-what = On { $time }, somebody who is signed in with this Matrix account asked { $server } to erase everything it stores about the account:
mail-erasing-due = This will happen on { $time }, unless you stop it.
mail-erasing-fine = If this was you, there is nothing to do.
mail-erasing-do = To stop it, open this link and press the button on the page. You don’t need an account:
mail-erasing-button = Stop the erasure
mail-removed-title = An address was removed from your account on { $server }
mail-removed-what = On { $time }, another email address or phone number was removed from this Matrix account on { $server }, or moved to another account:
mail-objected-title = Your address is now blocked on { $server }
mail-objected-what = On { $time }, somebody told { $server } that this address is theirs, and that it must neither be found nor receive messages. From now on, nobody can add it to a Matrix account there or invite it. They were signed in with this Matrix account:
mail-objected-other = Then you can undo that: request a link on this page, and withdraw the objection. If the account is yours, also change its password, and sign out devices and apps that you do not recognise.
mail-erasing-sign-in = If it wasn’t you, you can stop it: sign in with this Matrix account on the page below.
mail-added-title = An address was added to your account on { $server }
mail-added-what = On { $time }, another email address or phone number was added to this Matrix account on { $server }. In three days, anyone who reads its messages can use it to see all addresses of the account, download everything, and erase it:
mail-added-do = To remove the new address and sign everybody out of this server, open this link and press the button on the page. You don’t need an account:
mail-added-button = Remove the new address
