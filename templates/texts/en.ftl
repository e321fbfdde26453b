# Every word that a person reads on a page or in a mail. An operator replaces single messages by a file of the same
# name in the directory that `texts.directory` names.

page-language-name = English
page-languages = Language
page-skip = Skip to the content
page-tagline = Matrix identity server
page-contact = Contact:
page-home = Home

page-home-lead = This server lets people who already have your e-mail address find you on Matrix – if you want that, and only then.
page-home-how = How it works
page-home-step-ask = In your Matrix app, you ask to be found by your e-mail address.
page-home-step-prove = We send a link to that address. Opening it shows that the address is yours.
page-home-step-bind = Once you say so in the app, the address leads to your Matrix ID. You can undo that at any time.
page-home-privacy = What this page knows about you
page-home-privacy-text = Nothing. It sets no cookie, runs no script and loads nothing from other sites.
page-home-server = Nor can anybody browse what the server holds: your Matrix ID is shown only to people who ask for exactly your address, and how many addresses anyone may ask for is limited.
page-home-policies = What you agree to

page-policies = Policies
page-policies-none = This server does not ask you to agree to anything.
page-policies-older = Earlier versions
page-policy-version = Version { $version }
page-policy-in-force = This version is in force.
page-policy-superseded = This is an earlier version, kept for reference. In force is { $version }:

page-retention = What is kept, and for how long
page-retention-data = Data
page-retention-kept = Kept
page-retention-session = Confirmation of an address
page-retention-session-kept = { $span } after the last step, then deleted within the hour
page-retention-code = Code in a text message
page-retention-code-kept = { $span }, or until { $tries } wrong tries
page-retention-token = Sign-in of an app
page-retention-token-kept = until you sign out, or { $span } without use
page-retention-binding = Link between an address and a Matrix ID
page-retention-binding-kept = until you remove it or have it erased
page-retention-consent = Record of what you agreed to
page-retention-consent-kept = as long as the account, then { $span }
page-retention-unbinding = Fingerprint of a removal that a homeserver asked for
page-retention-unbinding-kept = { $span } after it was last asked for
page-retention-invite = Invitation of an address
page-retention-invite-kept = { $span }; the address only until the invitation is delivered
page-retention-key = Public key of an invitation
page-retention-key-kept = as long as the invitation waits, then { $span }
page-retention-delivery = Invitation on its way to your homeserver
page-retention-delivery-kept = until it arrives, at most { $span }
page-retention-notice = Notice on its way to your address
page-retention-notice-kept = until it arrives, at most { $span }
page-retention-visit = Visit to the pages about your own data
page-retention-visit-kept = { $span }, or until you leave
page-retention-objection = Fingerprint of an address whose owner objects
page-retention-objection-kept = until the objection is withdrawn
page-retention-budget = Count of look-ups and messages
page-retention-budget-kept = until it has drained to zero
page-retention-lookup = What was looked up
page-retention-lookup-kept = not stored
page-retention-log = Access log
page-retention-log-kept = { $kept ->
    [cut] without users or addresses, IP addresses shortened
   *[none] none
}

page-validated = Your address is confirmed
page-validated-text = Nothing has been published yet. Go back to your Matrix app to go on; you can close this page.
page-validated-again = Your address was already confirmed
page-validated-again-text = There is nothing more to do here. Go back to your Matrix app to go on; you can close this page.
page-validated-expired = This link has expired
page-validated-expired-text = Links work for a limited time only. Go back to your Matrix app and ask for a new mail.
page-validated-wrong = This link does not work
page-validated-wrong-text = Part of it may have been lost on the way. Copy the whole link from the mail, or ask for a new mail in your Matrix app.

page-code-expired = This code has expired
page-code-expired-text = A code works for a short time and for a few tries only. Go back to your Matrix app and ask for a new text message.
page-code-wrong = This code is not right
page-code-wrong-text = Look at the text message again: the newest one counts. Or ask for a new one in your Matrix app.

page-not-me = Was this not you?
page-not-me-bound = Your address leads to this Matrix account on { $server }, because somebody confirmed it:
page-not-me-bound-consequence = If the account is not yours, press the button: your address then leads to nobody, and nobody can use an earlier confirmation of it any more.
page-not-me-asked = Somebody has asked { $server } to confirm your address for this Matrix account:
page-not-me-asked-consequence = If the account is not yours, press the button: the request is then cancelled, and if your address already leads to the account because of it, that is undone too.
page-not-me-button = This was not me
page-not-me-leave = If it is yours, close this page. Nothing has changed.
page-not-me-unbound = It is undone
page-not-me-unbound-text = Your address no longer leads to that Matrix account. There is nothing more to do; you can close this page.
page-not-me-cancelled = The request is cancelled
page-not-me-cancelled-text = That Matrix account can no longer use it. There is nothing more to do; you can close this page.
page-not-me-settled = There is nothing left to undo
page-not-me-settled-text = What this link was about is over: it was undone already, or it has expired. If a later message says that your address leads to an account that is not yours, use the link in that message.
page-not-me-superseded = This link is out of date
page-not-me-superseded-text = Your address has been confirmed anew since. If that was not you, use the link in the newest message about it.
page-not-me-wrong-text = Part of it may have been lost on the way. Copy the whole link from the message.

page-missing = There is nothing here
page-missing-text = The address may be mistyped, or the page may be gone.
page-unavailable = We cannot answer right now
page-unavailable-text = The server will be back shortly. Please try again in a minute.

# Signing in.
page-sign-in = Sign in
page-sign-in-failed = Signing in did not work
page-sign-in-lead = Sign in with your Matrix account to see what this server holds about you, to change it, or to have it erased.
page-sign-in-for-export = Before we hand out everything that we hold about you, please sign in once more. So nobody else gets it who finds your device open.
page-sign-in-for-erase = Before we erase everything that we hold about you, please sign in once more. So nobody else does it who finds your device open.
page-sign-in-without-script = To sign in, your browser has to talk to your homeserver, so that your password never comes to us. That needs JavaScript, which is switched off here. For an e-mail address, the link below works without it. Or ask the people who run this server.
page-sign-in-mxid = Your Matrix ID
page-sign-in-mxid-hint = It looks like @anna:example.org. Your Matrix app shows it in its settings.
page-sign-in-next = Continue
page-sign-in-password = Your Matrix password
page-sign-in-password-hint = It goes to your homeserver only, and never to us.
page-sign-in-with-password = Sign in with password
page-sign-in-oauth = Sign in on the page of { $server }
page-sign-in-sso = Single sign-on of { $server }
page-sign-in-device = Sign-in at { $name }, for a moment only
page-sign-in-asking = Looking for your homeserver …
page-sign-in-leaving = Going to { $server } …
page-sign-in-signing-in = Signing in …
page-sign-in-choose = { $server } is found. Sign in there:
page-sign-in-how = What happens then
page-sign-in-how-password = Your browser signs in at your own homeserver. We see neither your password nor your messages.
page-sign-in-how-token = Your homeserver makes a short-lived proof of your Matrix ID, and your browser signs out there again at once. Only the proof comes to us.
page-sign-in-how-kept = To sign in makes no account here. The visit ends by itself after a short while, or when you sign out.
page-sign-in-other = No Matrix account?
page-sign-in-other-text = Somebody may have entered your e-mail address all the same.
page-sign-in-other-link = See what is held about an e-mail address
page-sign-in-mistyped = This is no Matrix ID. It looks like @anna:example.org: a name, a colon, and the name of a homeserver.
page-sign-in-unreachable = { $server } does not answer. Check how it is spelled, and your connection. If both are right, the homeserver may be away, or keep browsers out: try again later, or ask the people who run it.
page-sign-in-misconfigured = { $server } does not say correctly where its homeserver is. Only the people who run it can mend that.
page-sign-in-no-homeserver = There is no Matrix homeserver at { $server }. Check the part of your Matrix ID after the colon.
page-sign-in-no-way = { $server } offers no way to sign in that this page knows. Please ask the people who run this server.
page-sign-in-wrong-password = Matrix ID and password do not go together. Please try again.
page-sign-in-deactivated = This account was closed at its homeserver. Please ask the people who run this server.
page-sign-in-wait = { $server } was asked too often. Try again in { $seconds } s.
page-sign-in-refused = { $server } has refused to sign you in. Try again, or try another way if there is one.
page-sign-in-cancelled = You did not sign in at { $server }. Nothing has happened; you can try again.
page-sign-in-stale = Too much time has passed, or this was begun in another window. Please sign in again.
page-sign-in-stranger = You have signed in as somebody of another homeserver than { $server }. Enter the Matrix ID that you sign in with.
page-sign-in-broken = Your browser could not do what is needed to sign in. Try again, or use another, newer browser.
page-sign-in-unreadable = That did not come from our sign-in page, or not all of it. Please sign in again.
page-sign-in-not-vouched = Your homeserver did not confirm who you are. Please sign in again. If that does not help, ask the people who run it.
page-sign-in-blocked = People of this homeserver cannot use this server. If you think that is wrong, or want your data, ask the people who run this server.
page-sign-in-too-often = There were too many attempts to sign in from your network. Please try again later.
page-sign-in-homeserver-away = We could not ask your homeserver who you are. Please try again in a few minutes.

# Behind the link in the mail of an invitation.
page-invited-names = Names are chosen freely; only the Matrix ID is certain.
page-invited-matrix = What is Matrix?
page-invited-answer = How to answer
page-invited-answer-text = Open the invitation in your browser. There you can join with a Matrix account, or make one if you have none yet. Do not pass this link on: whoever has it can accept in your place.
page-invited-open = Open the invitation in { $app }
page-invited-elsewhere = You can open it in another web app just as well:
page-invited-apps = With an app of your own
page-invited-apps-text = Matrix has many apps for phones and computers, among them Element, SchildiChat, FluffyChat, Cinny and Nheko.
page-invited-apps-address = Add this e-mail address to your Matrix account, and let people find you by it on { $server }. Element, for example, has that in its settings. The invitation then appears in every app that you use with the account.
page-invited-address = What happens to your address
page-invited-address-text = We keep it with this invitation until { $date }, encrypted, and use it for nothing else. It is deleted earlier if you add it to a Matrix account, or if you delete the invitation here.
page-invited-refuse-text = Then you need not do anything: nobody learns whether you have opened this page. If you want it to be over at once, press one of these buttons. Nobody is told of that either.
page-invited-decline = Delete this invitation
page-invited-decline-text = Deletes this invitation, and your address with it. You may be invited again.
page-invited-object = Never invite or list me
page-invited-object-text = Deletes all invitations that wait for your address. This server then invites you no more, and lets nobody be found under your address. You can take that back at any time.
page-invited-declined = The invitation is deleted
page-invited-declined-text = We have deleted your address with it. There is nothing more to do; you can close this page.
page-invited-objected = You will not be invited again
page-invited-objected-text = This server sends no more invitations to your address, and lets nobody be found under it. All invitations that waited for you are deleted.
page-invited-delivered = This invitation is delivered
page-invited-delivered-text = Your address was added to a Matrix account, and the invitation has gone there. Look for it in your Matrix app. If the account is not yours, use the link in the mail that told you of it.
page-invited-over = This invitation is over
page-invited-over-text = It was deleted, or its time has run out. Your address was deleted with it.
page-invited-own = To see what else this server holds about your address, to object or to take that back, go here:
page-invited-own-link = Your address on this server

# An address without an account.
page-address = What is held about your address
page-address-lead = See what this server holds about an e-mail address or a phone number of yours, have it removed, or object to invitations. You need no account.
page-address-field = Your e-mail address or phone number
page-address-hint = A phone number begins with a plus and the country code, such as +44 7700 900123.
page-address-button = Send me a link
page-address-next = We send a message with a link. Whoever opens it shows that the address is theirs, and sees what is held about it.
page-address-secrecy = This page says the same for every address, whether or not anything is held about it.
page-address-wrong = This is no address
page-address-wrong-text = This is neither an e-mail address, such as alice@example.org, nor a phone number that begins with a plus. Please look at it again.
page-address-unreached-text = This server sends no text messages to that country or region. That is so for all of its numbers.
page-address-sent = Look at your messages
page-address-sent-text = If we can reach that address, a message with a link arrives in the next minutes. The link works for an hour. If nothing arrives, look among the unwanted mails, or try again later: an address gets a few such messages an hour and no more.
page-address-busy = Please wait a little
page-address-busy-text = Too many messages have been asked for, from your network or on this server as a whole. Please try again in an hour.
page-address-again = Ask for a new link
page-address-open = Is this your address?
page-address-open-text = You have opened a link that was sent to an address. Press the button to see what is held about that address.
page-address-open-button = Show what is held
page-address-open-leave = A cookie then keeps you signed in for a short while. If you have not asked for the link, close this page: nothing has happened.
page-address-expired = This link has expired
page-address-expired-text = Such a link works for an hour.
page-address-broken-text = Part of it may have been lost on the way. Copy the whole link from the message, or ask for a new one.
page-address-left = You have left. This browser can no longer see what is held about your address.
page-address-erased = It is erased. If you have objected, only that is still held.

page-held = What is held about your address
page-held-lead = This is everything that this server holds about { $address }.
page-held-alone = It is about this one address, and not about others that you may have.
page-held-over = Your visit is over
page-held-over-text = Nothing has been changed. To see what is held about your address, ask for a new link and open it in this browser.
page-held-binding = Who is found by it
page-held-unbound = Nobody.
page-held-unbind = Remove this link
page-held-unbind-text = Nobody is then found by your address. Confirmations of it so far are cancelled as well.
page-held-confirmations = Who has asked to confirm it
page-held-confirmation-asked = not confirmed; asked for on
page-held-confirmation-proved = confirmed on
page-held-confirmation-homeserver = A homeserver, for one of its users
page-held-cancel = Cancel them
page-held-cancel-text = Nobody can then use them to be found by your address.
page-held-invitations = Invitations that wait
page-held-invitation = invited you on
page-held-uninvite = Delete the invitations
page-held-uninvite-text = Whoever has invited you is not told.
page-held-deliveries = On its way
page-held-delivery-notice = a notice to you about this account, since
page-held-delivery-onbind = an invitation that is passed on to this account, since
page-held-objection = Never invite or list me
page-held-objects = You object, since
page-held-objects-text = Nobody can be found by this address, and no confirmation or invitation is sent to it.
page-held-object = I object
page-held-object-text = If you object, nobody can be found by this address any more, and no confirmation or invitation is sent to it. What is listed above is removed. We keep a fingerprint of the address, to know it again. You can withdraw this at any time, on this page.
page-held-withdraw = I no longer object
page-held-withdraw-text = The address can then be confirmed and invited again.
page-held-download = Take it with you
page-held-download-text = Everything on this page as a file (JSON), for you or for a program.
page-held-download-button = Download
page-held-erase = Erase everything
page-held-erase-text = Everything on this page is deleted at once, and your visit ends. Only an objection stays: without it, you could be invited again.
page-held-erase-sure = Yes, erase it. This cannot be undone.
page-held-erase-button = Erase everything
page-held-leave = Leave
page-held-leave-text = Your visit ends by itself after a short while. On a device that others use, end it now.
page-held-leave-button = End my visit
page-held-done-unbound = Nobody is found by your address any more
page-held-done-cancelled = The confirmations are cancelled
page-held-done-uninvited = The invitations are deleted
page-held-done-objected = Your objection is noted
page-held-done-withdrawn = Your objection is withdrawn
page-held-stale = Nothing was done yet: for this you need a link that you have opened in the last five minutes.
page-held-unsure = Nothing was erased: tick the box first.

# What a person sees and does about his own data (/you).
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
page-you-lead = This is everything { $server } holds about you.
page-you-nothing = { $server } holds nothing about you, apart from this visit, which ends by itself.
page-you-account-since = known here since
page-you-since = since
page-you-none = None.
page-you-sign-out = Leave these pages
page-you-addresses = Addresses that lead to you
page-you-addresses-none = No address leads to you.
page-you-addresses-text = Whoever already knows one of these addresses finds your Matrix ID by it.
page-you-unbind = Remove { $address }
page-you-unbind-text = From that moment on, nobody finds you by this address. We tell the address that it was removed. You can add it again in your app at any time.
page-you-unbind-button = Remove this address
page-you-unbind-all = Remove all addresses
page-you-unbind-all-text = From that moment on, nobody finds you on this server by any address. We tell each address that it was removed.
page-you-unbind-all-button = Remove all of them
page-you-policies = What you agree to
page-you-policy-agreed = You agree to the version that is in force.
page-you-policy-withdrawn = You have withdrawn your agreement. Apps cannot use this server for you until you agree again, here on this page.
page-you-policy-renewed = There is a new version, to which you have not agreed.
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
page-you-withdraw-text = Your apps can then no longer use this server for you, and they cannot undo that: only you can, here. Addresses that lead to you still do, until you remove them.
page-you-withdraw-button = Withdraw it
page-you-withdraw-all = Withdraw everything I have agreed to
page-you-withdraw-all-button = Withdraw all of it
page-you-apps = Apps that are signed in
page-you-apps-none = No app of yours is signed in here.
page-you-apps-text = We know when an app of yours has signed in here, and on which day it last did something. We do not know which app it is.
page-you-app-since = Signed in on
page-you-app-used = last used on
page-you-visits = Visits to these pages that are not over, this one among them. They began on:
page-you-sign-out-everywhere = Sign out everywhere
page-you-sign-out-everywhere-text = Every app and every other visit is signed out of this server. An app signs in again by itself when it needs to. Your Matrix account is not touched.
page-you-sign-out-everywhere-button = Sign out everywhere now
page-you-confirmations = Confirmations under way
page-you-confirmed = confirmed on
page-you-asked = asked for on
page-you-invitations = Invitations you have sent
page-you-invitation-delivered = Delivered; the address is deleted
page-you-invitation-room = to
page-you-deliveries = On their way
page-you-delivery-notice = Notice to
page-you-delivery-invitation = Invitation to be passed on, for
page-you-export = Download
page-you-export-text = Everything on this page in one file (JSON), for you or for another service. If you signed in more than five minutes ago, we ask you to do so again.
page-you-export-button = Download everything
page-you-erase = Erase everything
page-you-erase-text = We delete all that this server holds about you. First we show what that is and ask once more.
page-you-erase-link = See what will be erased
page-you-erase-title = Erase everything?
page-you-erase-wrong-title = Nothing was erased: that is not your Matrix ID
page-you-erase-lead = This is removed at once, and cannot be brought back:
page-you-erase-effect = Nobody finds you by your addresses any more, invitations that wait are lost, and every app is signed out of this server. No address is told, for then we hold none that we could tell.
page-you-erase-kept = The record of what you agreed to stays for { $span } more, without your name. So do counts of look-ups and messages, until they have drained to zero.
page-you-erase-account = Your Matrix account is not touched: only this server forgets you.
page-you-erase-confirmation = Your Matrix ID
page-you-erase-hint = Type it exactly as it stands above, to show that you mean it.
page-you-erase-wrong = This is not your Matrix ID as it stands above. Nothing was erased.
page-you-erase-button = Erase everything now
page-you-erase-leave = Go back without erasing anything
page-you-erased = Everything is erased
page-you-erased-text = { $server } has removed this about you. This visit is over too.
page-you-erased-kept = { $count ->
    [one] 1 record of what you agreed to stays, without your name, until
   *[other] { $count } records of what you agreed to stay, without your name, until
}
page-you-count-account = { $count ->
    [one] 1 account on this server
   *[other] { $count } accounts on this server
}
page-you-count-bindings = { $count ->
    [one] 1 link from an address to you
   *[other] { $count } links from addresses to you
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
    [one] 1 visit to these pages
   *[other] { $count } visits to these pages
}
page-you-receipt = Your receipt
page-you-receipt-text = Keep it now: we do not keep a copy. It is signed by this server, so that you can show it to anybody later.
page-you-receipt-button = Download the receipt
page-you-left = You have left these pages
page-you-left-text = This browser no longer shows your data. You can close this page.
page-you-refused = Nothing was changed
page-you-refused-text = Your visit is over, or this was not sent from the page it belongs to. Open the page about your data again.
page-you-said-accepted = Your agreement is recorded.
page-you-said-outdated = Nothing was recorded: that version is no longer in force. Please read the new one.
page-you-said-withdrawn = Your agreement is withdrawn. Apps cannot use this server for you any more.
page-you-said-unbound = The address is removed. It no longer leads to you.
page-you-said-not-bound = Nothing was changed: that address does not lead to you.
page-you-said-all-unbound = All addresses are removed. None leads to you any more.
page-you-said-signed-out = Every app and every other visit is signed out.
page-you-said-ready = You have just signed in: you can download everything now.
page-you-said-later = You have downloaded this often. Please try again in an hour.

# What has changed in a policy.
page-changes = What has changed
page-changes-title = { $name }: what has changed
page-changes-span = From version { $older } to version { $newer }
page-changes-since = What has changed since version { $version }
page-changes-key = What was removed is struck through; what was added is underlined.
page-changes-removed = Removed:
page-changes-added = Added:
page-changes-gap = { $count ->
    [one] 1 passage is unchanged
   *[other] { $count } passages are unchanged
}
page-changes-none = Nothing has changed: the text is the same in both versions.
page-changes-apart = Version { $version } does not exist in this language. So the two cannot be compared here; read both of them, or choose another language.
page-changes-whole = The whole text
page-retention-link = What is kept
page-retention-lead = This is in force on this server now.
page-imprint = Legal notice

# Where to go from the start page, and who runs the server.
page-home-go = What you can do here
page-home-you = Your data
page-home-you-text = Sign in with your Matrix account: see what is held about you, download it, erase it.
page-home-address = An address without an account
page-home-address-text = Have a link sent to your address: see what is held about it, remove it, or never be invited.
page-home-retention-text = The table that is in force now.
page-home-cookie = One cookie exists, and only after you have signed in at “Your data” or opened the link for “An address without an account”. It lasts as long as that visit. Only the page to sign in on has a script: it talks to your homeserver, so that your password never reaches us.
page-home-who = Who runs this server
page-home-run-by = This server is run by { $name }.

# What happens after the confirmation of an address, and who asked.
page-validated-next = What happens next
page-validated-step-app = Go back to your Matrix app.
page-validated-step-bind = Only if you say there that you want to be found by this address does it lead to your Matrix ID.
page-validated-step-notice = We then send a notice to the address. It has a link to undo that.
page-validated-who = Who asked
page-validated-asked = This Matrix account asked us to confirm your address:
page-validated-other = The account is not yours? Cancel it:
page-validated-address = What is held about your address? See:

mail-validation-subject = Confirm your e-mail address for { $server }
mail-validation-title = Is this your e-mail address?
mail-validation-asks = Somebody has asked { $server } to check that this e-mail address belongs to them. They use this Matrix account:
mail-matrix-id = Matrix ID: { $mxid }
mail-homeserver = Homeserver: { $homeserver }
mail-validation-do = If this is you, open this link, then go back to your app:
mail-validation-button = Confirm my address
mail-validation-copy = If the button does not work, copy this link into your browser:
mail-validation-lifetime = The link works for { $span }.
mail-validation-other-title = Was this not you?
mail-validation-other = Do not open the link, and delete this mail. If nobody opens it, nothing is published, and the request is deleted. If you did open it, that person could be found under your address.
mail-validation-cancel = If you have opened it already, or want the request to be gone at once, cancel it here:
mail-contact = Questions? { $contact }
mail-why = You get this mail because somebody entered your address. It is not a newsletter.
mail-notice-why = You get this mail because this server tells an address whenever it begins or ceases to lead to a Matrix account. It is not a newsletter.

mail-object = If this server is never to list or invite your address, say so here:
mail-address-subject = See what { $server } holds about your address
mail-address-title = Your link
mail-address-asks = Somebody has asked on a page of { $server } to see what is held about this e-mail address. If that was you, you can see it, remove it, or object to invitations.
mail-address-do = Open this link and press the button on the page. You need no account:
mail-address-button = See what is held
mail-address-other = Then ignore this mail. Nobody but you can open what the link leads to, and nothing has been changed. Do not pass the link on.

mail-bound-title = Your e-mail address leads to a Matrix account now
mail-bound-since = Since { $time }, whoever already knows this e-mail address finds this Matrix account by it, on { $server }:
mail-bound-fine = If the account is yours, there is nothing to do. You can take the address back at any time in your Matrix app.
mail-bound-undo = Then a link in an earlier mail was opened, and somebody else can be found under your address. Open this link and press the button on the page to undo that. You need no account:
mail-bound-lifetime = The link works for as long as your address leads to that account.

mail-unbound-title = Your e-mail address no longer leads to a Matrix account
mail-unbound-since = Since { $time }, nobody finds this Matrix account by this e-mail address any more, on { $server }:
mail-unbound-by-owner = The address was removed in a Matrix app by somebody who has shown that it is theirs.
mail-unbound-by-user = The address was removed by the user of that account, on this server’s page about their data.
mail-unbound-by-homeserver = The address was removed by the account’s homeserver, as it does when its user asks for that or closes the account.
mail-unbound-by-operator = The address was removed by the people who run this server.
mail-unbound-again = There is nothing to do. If you want to be found by this address again, add it in your Matrix app.

# Texts stay in the characters of GSM 03.38 (no ’, ê or no-break space), so that they are one message and not three.
sms-code = { $code } is your code for { $server }. It works for { $minutes } min. Give it to nobody.
sms-code-asks = { $mxid } asks for it.
sms-bound = { $server }: your number leads to a Matrix account now.
sms-bound-undo = Not you?
sms-unbound = { $server }: your number no longer leads to a Matrix account.
sms-notice-account = Account: { $mxid }
sms-invite = { $mxid } invites you to a conversation on Matrix. To see it, add this phone number to a Matrix account, such as one made at { $link }. If you do not want that, ignore this.
sms-address = Your link to see or remove what { $server } holds about this number. It works for 1 hour. Not you? Ignore this.

mail-invite-subject = You are invited to a conversation on Matrix
mail-invite-title = You are invited to a conversation
mail-invite-asks = Somebody on Matrix would like to talk with you, and gave us this e-mail address to reach you:
mail-invite-by = Name: { $name }
mail-invite-room = Room: { $room }
mail-invite-space = Space: { $room }
mail-invite-do = To see the invitation and how to answer it, open this link. You need no Matrix account yet:
mail-invite-button = See the invitation
mail-invite-other-app = Or add this e-mail address to a Matrix account that you have, in any app: the invitation then appears there.
mail-invite-matrix = Matrix is an open network for messages and calls. Like e-mail, it has many providers, and people of all of them can talk with each other.
mail-invite-other-title = You do not know this person, or do not want this?
mail-invite-other = Then you need not do anything: nobody learns whether you read this mail. Names are chosen freely; only the Matrix ID is certain. Do not pass the link on, for whoever has it can accept the invitation in your place.
mail-invite-lifetime = We keep the invitation and your address for { $span }, unless you accept earlier; then they are deleted.
mail-invite-object = Behind the link above you can also have the invitation and your address deleted at once, or say that you never want to be invited again.

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
