# Voir en.ftl.

page-language-name = Français
page-languages = Langue
page-skip = Aller au contenu
page-tagline = Serveur d’identité Matrix
page-contact = Contact :
page-home = Accueil

page-home-lead = Ce serveur permet aux personnes qui ont déjà votre adresse e-mail de vous trouver sur Matrix, si vous le souhaitez et seulement dans ce cas.
page-home-how = Comment cela fonctionne
page-home-step-ask = Dans votre application Matrix, vous demandez à être trouvé grâce à votre adresse e-mail.
page-home-step-prove = Nous envoyons un lien à cette adresse. L’ouvrir montre que l’adresse est bien la vôtre.
page-home-step-bind = Dès que vous le confirmez dans l’application, l’adresse mène à votre identifiant Matrix. Vous pouvez revenir en arrière à tout moment.
page-home-privacy = Ce que cette page sait de vous
page-home-privacy-text = Rien. Elle ne dépose aucun cookie, n’exécute aucun script et ne charge rien d’autres sites.
page-home-server = Personne ne peut non plus parcourir les données du serveur : votre identifiant Matrix n’est montré qu’à qui demande exactement votre adresse, et le nombre d’adresses que chacun peut demander est limité.
page-home-policies = Ce que vous acceptez

page-policies = Conditions et politiques
page-policies-none = Ce serveur ne vous demande d’accepter aucun document.
page-policies-older = Versions antérieures
page-policy-version = Version { $version }
page-policy-in-force = Cette version est en vigueur.
page-policy-superseded = Ceci est une version antérieure, conservée pour mémoire. La version en vigueur est la { $version } :

page-retention = Ce qui est conservé, et combien de temps
page-retention-data = Données
page-retention-kept = Durée de conservation
page-retention-session = Confirmation d’une adresse
page-retention-session-kept = { $span } après la dernière étape, puis effacement dans l’heure
page-retention-code = Code reçu par SMS
page-retention-code-kept = { $span }, ou jusqu’à { $tries } essais erronés
page-retention-token = Connexion d’une application
page-retention-token-kept = jusqu’à la déconnexion, ou { $span } sans utilisation
page-retention-binding = Lien entre une adresse et un identifiant Matrix
page-retention-binding-kept = jusqu’à ce que vous le retiriez ou le fassiez effacer
page-retention-consent = Preuve de vos consentements
page-retention-consent-kept = aussi longtemps que le compte, puis { $span }
page-retention-unbinding = Empreinte d’un retrait demandé par un serveur d’accueil
page-retention-unbinding-kept = { $span } après la dernière demande
page-retention-invite = Invitation d’une adresse
page-retention-invite-kept = { $span } ; l’adresse, seulement jusqu’à la remise de l’invitation
page-retention-key = Clé publique d’une invitation
page-retention-key-kept = tant que l’invitation est en attente, puis { $span }
page-retention-delivery = Invitation en route vers votre serveur d’accueil
page-retention-delivery-kept = jusqu’à son arrivée, au plus { $span }
page-retention-notice = Avis en route vers votre adresse
page-retention-notice-kept = jusqu’à son arrivée, au plus { $span }
page-retention-visit = Visite des pages sur vos propres données
page-retention-visit-kept = { $span }, ou jusqu’à votre départ
page-retention-objection = Empreinte d’une adresse dont le titulaire s’oppose
page-retention-objection-kept = jusqu’au retrait de l’opposition
page-retention-budget = Compteur des recherches et des messages
page-retention-budget-kept = jusqu’à son retour à zéro
page-retention-lookup = Ce qui a été recherché
page-retention-lookup-kept = pas enregistré
page-retention-log = Journal des accès
page-retention-log-kept = { $kept ->
    [cut] sans personnes ni adresses, adresses IP raccourcies
   *[none] aucun
}

page-validated = Votre adresse est confirmée
page-validated-text = Rien n’est encore publié. Retournez dans votre application Matrix pour continuer ; vous pouvez fermer cette page.
page-validated-again = Votre adresse était déjà confirmée
page-validated-again-text = Il n’y a plus rien à faire ici. Retournez dans votre application Matrix pour continuer ; vous pouvez fermer cette page.
page-validated-expired = Ce lien a expiré
page-validated-expired-text = Les liens ne sont valables qu’un certain temps. Retournez dans votre application Matrix et demandez un nouvel e-mail.
page-validated-wrong = Ce lien ne fonctionne pas
page-validated-wrong-text = Une partie s’est peut-être perdue en route. Copiez le lien entier depuis l’e-mail, ou demandez un nouvel e-mail dans votre application Matrix.

page-code-expired = Ce code a expiré
page-code-expired-text = Un code n’est valable que peu de temps et pour quelques essais. Retournez dans votre application Matrix et demandez un nouveau SMS.
page-code-wrong = Ce code n’est pas le bon
page-code-wrong-text = Relisez le SMS : c’est le plus récent qui compte. Ou demandez-en un nouveau dans votre application Matrix.

page-not-me = Ce n’était pas vous ?
page-not-me-bound = Sur { $server }, votre adresse mène à ce compte Matrix, parce que quelqu’un l’a confirmée :
page-not-me-bound-consequence = Si ce compte n’est pas le vôtre, appuyez sur le bouton : votre adresse ne mènera plus à personne, et plus personne ne pourra se servir d’une confirmation antérieure.
page-not-me-asked = Quelqu’un a demandé à { $server } de confirmer votre adresse pour ce compte Matrix :
page-not-me-asked-consequence = Si ce compte n’est pas le vôtre, appuyez sur le bouton : la demande sera annulée, et si elle a déjà fait mener votre adresse à ce compte, cela sera annulé aussi.
page-not-me-button = Ce n’était pas moi
page-not-me-leave = Si c’est le vôtre, fermez cette page. Rien n’a changé.
page-not-me-unbound = C’est annulé
page-not-me-unbound-text = Votre adresse ne mène plus à ce compte Matrix. Il n’y a plus rien à faire ; vous pouvez fermer cette page.
page-not-me-cancelled = La demande est annulée
page-not-me-cancelled-text = Ce compte Matrix ne peut plus s’en servir. Il n’y a plus rien à faire ; vous pouvez fermer cette page.
page-not-me-settled = Il n’y a plus rien à annuler
page-not-me-settled-text = Ce dont il s’agissait est terminé : déjà annulé, ou expiré. Si un message plus récent dit que votre adresse mène à un compte qui n’est pas le vôtre, utilisez le lien de ce message.
page-not-me-superseded = Ce lien est dépassé
page-not-me-superseded-text = Votre adresse a été confirmée de nouveau depuis. Si ce n’était pas vous, utilisez le lien du message le plus récent à ce sujet.
page-not-me-wrong-text = Une partie s’est peut-être perdue en route. Copiez le lien entier depuis le message.

page-missing = Il n’y a rien ici
page-missing-text = L’adresse est peut-être mal saisie, ou la page n’existe plus.
page-unavailable = Nous ne pouvons pas répondre pour le moment
page-unavailable-text = Le serveur sera bientôt de retour. Veuillez réessayer dans une minute.

# La connexion.
page-sign-in = Se connecter
page-sign-in-failed = La connexion n’a pas fonctionné
page-sign-in-lead = Connectez-vous avec votre compte Matrix pour voir ce que ce serveur détient sur vous, le modifier ou le faire effacer.
page-sign-in-for-export = Avant de vous remettre tout ce que nous détenons sur vous, nous vous demandons de vous connecter encore une fois. Ainsi, personne d’autre ne l’obtient en trouvant votre appareil ouvert.
page-sign-in-for-erase = Avant d’effacer tout ce que nous détenons sur vous, nous vous demandons de vous connecter encore une fois. Ainsi, personne d’autre ne le fait en trouvant votre appareil ouvert.
page-sign-in-without-script = Pour vous connecter, votre navigateur doit parler à votre serveur d’accueil, afin que votre mot de passe ne nous parvienne jamais. Il faut pour cela JavaScript, qui est désactivé ici. Pour une adresse e-mail, le lien ci-dessous fonctionne sans. Ou demandez à ceux qui gèrent ce serveur.
page-sign-in-mxid = Votre identifiant Matrix
page-sign-in-mxid-hint = Il ressemble à @anna:example.org. Votre application Matrix l’affiche dans ses paramètres.
page-sign-in-next = Continuer
page-sign-in-password = Votre mot de passe Matrix
page-sign-in-password-hint = Il va uniquement à votre serveur d’accueil, jamais à nous.
page-sign-in-with-password = Se connecter avec le mot de passe
page-sign-in-oauth = Se connecter sur la page de { $server }
page-sign-in-sso = Authentification unique de { $server }
page-sign-in-device = Connexion à { $name }, pour un instant seulement
page-sign-in-asking = Recherche de votre serveur d’accueil…
page-sign-in-leaving = Passage à { $server }…
page-sign-in-signing-in = Connexion en cours…
page-sign-in-choose = { $server } est trouvé. Connectez-vous là-bas :
page-sign-in-how = Ce qui se passe ensuite
page-sign-in-how-password = Votre navigateur se connecte à votre propre serveur d’accueil. Nous ne voyons ni votre mot de passe ni vos messages.
page-sign-in-how-token = Votre serveur d’accueil établit une preuve de courte durée de votre identifiant Matrix, et votre navigateur s’y déconnecte aussitôt. Seule la preuve nous parvient.
page-sign-in-how-kept = Se connecter ne crée pas de compte ici. La visite se termine d’elle-même après un court moment, ou quand vous vous déconnectez.
page-sign-in-other = Pas de compte Matrix ?
page-sign-in-other-text = Quelqu’un a pu saisir votre adresse e-mail malgré tout.
page-sign-in-other-link = Voir ce qui est détenu sur une adresse e-mail
page-sign-in-mistyped = Ce n’est pas un identifiant Matrix. Il ressemble à @anna:example.org : un nom, un deux-points et le nom d’un serveur d’accueil.
page-sign-in-unreachable = { $server } ne répond pas. Vérifiez l’orthographe et votre connexion. Si les deux sont correctes, le serveur d’accueil est peut-être indisponible, ou fermé aux navigateurs : réessayez plus tard, ou demandez à ceux qui le gèrent.
page-sign-in-misconfigured = { $server } n’indique pas correctement où se trouve son serveur d’accueil. Seuls ceux qui le gèrent peuvent y remédier.
page-sign-in-no-homeserver = Il n’y a pas de serveur d’accueil Matrix à { $server }. Vérifiez la partie de votre identifiant Matrix qui suit le deux-points.
page-sign-in-no-way = { $server } n’offre aucun moyen de connexion que cette page connaisse. Veuillez demander à ceux qui gèrent ce serveur.
page-sign-in-wrong-password = L’identifiant Matrix et le mot de passe ne correspondent pas. Veuillez réessayer.
page-sign-in-deactivated = Ce compte a été fermé sur son serveur d’accueil. Veuillez demander à ceux qui gèrent ce serveur.
page-sign-in-wait = { $server } a été sollicité trop souvent. Réessayez dans { $seconds } s.
page-sign-in-refused = { $server } a refusé de vous connecter. Réessayez, ou essayez un autre moyen s’il y en a un.
page-sign-in-cancelled = Vous ne vous êtes pas connecté à { $server }. Il ne s’est rien passé ; vous pouvez réessayer.
page-sign-in-stale = Trop de temps s’est écoulé, ou cela a été commencé dans une autre fenêtre. Veuillez vous connecter de nouveau.
page-sign-in-stranger = Vous vous êtes connecté avec un compte d’un autre serveur d’accueil que { $server }. Saisissez l’identifiant Matrix avec lequel vous vous connectez.
page-sign-in-broken = Votre navigateur n’a pas pu faire ce qu’il faut pour se connecter. Réessayez, ou utilisez un autre navigateur, plus récent.
page-sign-in-unreadable = Cela ne venait pas de notre page de connexion, ou pas en entier. Veuillez vous connecter de nouveau.
page-sign-in-not-vouched = Votre serveur d’accueil n’a pas confirmé qui vous êtes. Veuillez vous connecter de nouveau. Si cela n’aide pas, demandez à ceux qui le gèrent.
page-sign-in-blocked = Les personnes de ce serveur d’accueil ne peuvent pas utiliser ce serveur. Si vous pensez que c’est une erreur, ou si vous voulez vos données, demandez à ceux qui gèrent ce serveur.
page-sign-in-too-often = Il y a eu trop de tentatives de connexion depuis votre réseau. Veuillez réessayer plus tard.
page-sign-in-homeserver-away = Nous n’avons pas pu demander à votre serveur d’accueil qui vous êtes. Veuillez réessayer dans quelques minutes.

# Derrière le lien de l’e-mail d’une invitation.
page-invited-names = Les noms sont choisis librement ; seul l’identifiant Matrix est certain.
page-invited-matrix = Qu’est-ce que Matrix ?
page-invited-answer = Comment répondre
page-invited-answer-text = Ouvrez l’invitation dans votre navigateur. Vous pourrez y participer avec un compte Matrix, ou en créer un si vous n’en avez pas encore. Ne transmettez pas ce lien : quiconque l’a peut accepter à votre place.
page-invited-open = Ouvrir l’invitation dans { $app }
page-invited-elsewhere = Vous pouvez tout aussi bien l’ouvrir dans une autre application web :
page-invited-apps = Avec une application à vous
page-invited-apps-text = Il existe de nombreuses applications Matrix pour téléphones et ordinateurs, parmi lesquelles Element, SchildiChat, FluffyChat, Cinny et Nheko.
page-invited-apps-address = Ajoutez cette adresse e-mail à votre compte Matrix, et permettez que l’on vous trouve par elle sur { $server }. Dans Element, par exemple, cela se fait dans les paramètres. L’invitation apparaîtra alors dans toutes les applications que vous utilisez avec ce compte.
page-invited-address = Ce que devient votre adresse
page-invited-address-text = Nous la conservons avec cette invitation jusqu’au { $date }, chiffrée, et ne l’utilisons pour rien d’autre. Elle est effacée plus tôt si vous l’ajoutez à un compte Matrix, ou si vous effacez l’invitation ici.
page-invited-refuse-text = Dans ce cas, vous n’avez rien à faire : personne ne saura si vous avez ouvert cette page. Si vous voulez en finir tout de suite, appuyez sur l’un de ces boutons. Personne n’en sera informé non plus.
page-invited-decline = Effacer cette invitation
page-invited-decline-text = Efface cette invitation, et votre adresse avec elle. On pourra vous inviter de nouveau.
page-invited-object = Ne jamais m’inviter ni me répertorier
page-invited-object-text = Efface toutes les invitations qui attendent votre adresse. Ensuite, ce serveur ne vous invite plus, et ne laisse personne être trouvé sous votre adresse. Vous pouvez revenir là-dessus à tout moment.
page-invited-declined = L’invitation est effacée
page-invited-declined-text = Nous avons effacé votre adresse avec elle. Il n’y a rien de plus à faire ; vous pouvez fermer cette page.
page-invited-objected = Vous ne recevrez plus d’invitation
page-invited-objected-text = Ce serveur n’envoie plus d’invitations à votre adresse, et ne laisse personne être trouvé sous elle. Toutes les invitations qui vous attendaient sont effacées.
page-invited-delivered = Cette invitation est remise
page-invited-delivered-text = Votre adresse a été ajoutée à un compte Matrix, et l’invitation y a été envoyée. Cherchez-la dans votre application Matrix. Si ce compte n’est pas le vôtre, utilisez le lien de l’e-mail qui vous en a informé.
page-invited-over = Cette invitation n’est plus valable
page-invited-over-text = Elle a été effacée, ou son délai est passé. Votre adresse a été effacée avec elle.
page-invited-own = Pour voir ce que ce serveur détient d’autre sur votre adresse, vous opposer ou revenir là-dessus, allez ici :
page-invited-own-link = Votre adresse sur ce serveur

# Une adresse sans compte.
page-address = Ce qui est conservé sur votre adresse
page-address-lead = Voyez ce que ce serveur conserve sur votre adresse e-mail ou votre numéro de téléphone, faites-le effacer, ou refusez les invitations. Vous n’avez pas besoin de compte.
page-address-field = Votre adresse e-mail ou votre numéro de téléphone
page-address-hint = Un numéro de téléphone commence par un plus et l’indicatif du pays, par exemple +33 6 12 34 56 78.
page-address-button = Envoyez-moi un lien
page-address-next = Nous envoyons un message avec un lien. En l’ouvrant, vous montrez que l’adresse est la vôtre, et vous voyez ce qui est conservé sur elle.
page-address-secrecy = Cette page dit la même chose pour toute adresse, que quelque chose soit conservé sur elle ou non.
page-address-wrong = Ce n’est pas une adresse
page-address-wrong-text = Ce n’est ni une adresse e-mail, comme alice@example.org, ni un numéro de téléphone qui commence par un plus. Veuillez vérifier.
page-address-unreached-text = Ce serveur n’envoie pas de SMS vers ce pays ou cette région. Cela vaut pour tous ses numéros.
page-address-sent = Consultez vos messages
page-address-sent-text = Si nous pouvons joindre cette adresse, un message avec un lien arrivera dans les prochaines minutes. Le lien est valable une heure. Si rien n’arrive, regardez parmi les courriers indésirables, ou réessayez plus tard : une adresse ne reçoit que quelques messages de ce genre par heure.
page-address-busy = Veuillez patienter un peu
page-address-busy-text = Trop de messages ont été demandés, depuis votre réseau ou sur l’ensemble de ce serveur. Veuillez réessayer dans une heure.
page-address-again = Demander un nouveau lien
page-address-open = Est-ce votre adresse ?
page-address-open-text = Vous avez ouvert un lien qui a été envoyé à une adresse. Appuyez sur le bouton pour voir ce qui est conservé sur cette adresse.
page-address-open-button = Voir ce qui est conservé
page-address-open-leave = Un cookie vous garde alors connecté un court moment. Si vous n’avez pas demandé ce lien, fermez cette page : il ne s’est rien passé.
page-address-expired = Ce lien a expiré
page-address-expired-text = Un tel lien est valable une heure.
page-address-broken-text = Une partie s’est peut-être perdue en route. Copiez le lien entier depuis le message, ou demandez-en un nouveau.
page-address-left = Vous avez quitté la page. Ce navigateur ne peut plus voir ce qui est conservé sur votre adresse.
page-address-erased = C’est effacé. Si vous vous êtes opposé, seule cette opposition est encore conservée.

page-held = Ce qui est conservé sur votre adresse
page-held-lead = Voici tout ce que ce serveur conserve sur { $address }.
page-held-alone = Il ne s’agit que de cette adresse, et non d’autres que vous pourriez avoir.
page-held-over = Votre visite est terminée
page-held-over-text = Rien n’a été modifié. Pour voir ce qui est conservé sur votre adresse, demandez un nouveau lien et ouvrez-le dans ce navigateur.
page-held-binding = Qui est trouvé grâce à elle
page-held-unbound = Personne.
page-held-unbind = Retirer ce lien
page-held-unbind-text = Plus personne ne sera alors trouvé grâce à votre adresse. Les confirmations faites jusqu’ici seront annulées aussi.
page-held-confirmations = Qui a demandé à la confirmer
page-held-confirmation-asked = non confirmée ; demandée le
page-held-confirmation-proved = confirmée le
page-held-confirmation-homeserver = Un serveur d’accueil, pour l’un de ses utilisateurs
page-held-cancel = Les annuler
page-held-cancel-text = Plus personne ne pourra alors s’en servir pour être trouvé grâce à votre adresse.
page-held-invitations = Invitations en attente
page-held-invitation = vous a invité le
page-held-uninvite = Supprimer les invitations
page-held-uninvite-text = La personne qui vous a invité n’en est pas informée.
page-held-deliveries = En cours d’envoi
page-held-delivery-notice = un avis pour vous au sujet de ce compte, depuis le
page-held-delivery-onbind = une invitation à transmettre à ce compte, depuis le
page-held-objection = Ne jamais m’inviter ni m’inscrire
page-held-objects = Vous vous opposez, depuis le
page-held-objects-text = Personne ne peut être trouvé grâce à cette adresse, et aucune confirmation ni invitation ne lui est envoyée.
page-held-object = Je m’oppose
page-held-object-text = Si vous vous opposez, plus personne ne pourra être trouvé grâce à cette adresse, et aucune confirmation ni invitation ne lui sera envoyée. Ce qui figure ci-dessus est supprimé. Nous gardons une empreinte de l’adresse, pour la reconnaître. Vous pouvez revenir là-dessus à tout moment, sur cette page.
page-held-withdraw = Je ne m’oppose plus
page-held-withdraw-text = L’adresse pourra alors de nouveau être confirmée et invitée.
page-held-download = L’emporter
page-held-download-text = Tout ce qui est sur cette page dans un fichier (JSON), pour vous ou pour un programme.
page-held-download-button = Télécharger
page-held-erase = Tout effacer
page-held-erase-text = Tout ce qui est sur cette page est effacé aussitôt, et votre visite se termine. Seule une opposition demeure : sans elle, vous pourriez être invité de nouveau.
page-held-erase-sure = Oui, effacez tout. C’est irréversible.
page-held-erase-button = Tout effacer
page-held-leave = Quitter
page-held-leave-text = Votre visite se termine d’elle-même après un court moment. Sur un appareil partagé, terminez-la maintenant.
page-held-leave-button = Terminer ma visite
page-held-done-unbound = Plus personne n’est trouvé grâce à votre adresse
page-held-done-cancelled = Les confirmations sont annulées
page-held-done-uninvited = Les invitations sont supprimées
page-held-done-objected = Votre opposition est enregistrée
page-held-done-withdrawn = Votre opposition est retirée
page-held-stale = Rien n’a encore été fait : il faut pour cela un lien ouvert au cours des cinq dernières minutes.
page-held-unsure = Rien n’a été effacé : cochez d’abord la case.

# Ce qu’une personne voit de ses propres données et en fait (/you).
page-month = { $month ->
    [1] janvier
    [2] février
    [3] mars
    [4] avril
    [5] mai
    [6] juin
    [7] juillet
    [8] août
    [9] septembre
    [10] octobre
    [11] novembre
   *[12] décembre
}
page-moment = { $day ->
    [1] 1er
   *[other] { $day }
} { $month } { $year } à { $time } UTC
page-moment-day = { $day ->
    [1] 1er
   *[other] { $day }
} { $month } { $year }
page-you = Vos données
page-you-lead = Voici tout ce que { $server } conserve à votre sujet.
page-you-nothing = { $server } ne conserve rien à votre sujet, à part cette visite, qui prend fin d’elle-même.
page-you-account-since = connu ici depuis le
page-you-since = depuis le
page-you-none = Aucun élément.
page-you-sign-out = Quitter ces pages
page-you-addresses = Adresses qui mènent à vous
page-you-addresses-none = Aucune adresse ne mène à vous.
page-you-addresses-text = Qui connaît déjà l’une de ces adresses trouve grâce à elle votre identifiant Matrix.
page-you-unbind = Retirer { $address }
page-you-unbind-text = Dès cet instant, plus personne ne vous trouve par cette adresse. Nous prévenons l’adresse qu’elle a été retirée. Vous pouvez l’ajouter de nouveau à tout moment dans votre application.
page-you-unbind-button = Retirer cette adresse
page-you-unbind-all = Retirer toutes les adresses
page-you-unbind-all-text = Dès cet instant, plus personne ne vous trouve par une adresse sur ce serveur. Nous prévenons chaque adresse qu’elle a été retirée.
page-you-unbind-all-button = Les retirer toutes
page-you-policies = Ce que vous acceptez
page-you-policy-agreed = Vous acceptez la version en vigueur.
page-you-policy-withdrawn = Vous avez retiré votre accord. Les applications ne peuvent plus utiliser ce serveur pour vous tant que vous n’avez pas de nouveau accepté, ici sur cette page.
page-you-policy-renewed = Il existe une nouvelle version, que vous n’avez pas acceptée.
page-you-policy-open = Vous n’avez pas accepté ce document.
page-you-policy-former = Ce document n’est plus utilisé ici.
page-you-record-document = Document
page-you-record-accepted = Accepté
page-you-record-withdrawn = Retiré
page-you-record-sha256 = Empreinte (SHA-256)
page-you-read = Lire :
page-you-changes = Ce qui a changé depuis la version que vous avez acceptée
page-you-accept = J’accepte la version { $version }
page-you-withdraw = Retirer mon accord : { $name }
page-you-withdraw-text = Vos applications ne peuvent alors plus utiliser ce serveur pour vous, et elles ne peuvent pas revenir là-dessus : vous seul le pouvez, ici. Les adresses qui mènent à vous le font toujours, jusqu’à ce que vous les retiriez.
page-you-withdraw-button = Le retirer
page-you-withdraw-all = Retirer tout ce que j’ai accepté
page-you-withdraw-all-button = Tout retirer
page-you-apps = Applications connectées
page-you-apps-none = Aucune de vos applications n’est connectée ici.
page-you-apps-text = Nous savons quand une de vos applications s’est connectée ici, et quel jour elle a agi pour la dernière fois. Nous ne savons pas de quelle application il s’agit.
page-you-app-since = Connectée le
page-you-app-used = utilisée pour la dernière fois le
page-you-visits = Visites de ces pages encore en cours, dont celle-ci. Elles ont commencé le :
page-you-sign-out-everywhere = Se déconnecter partout
page-you-sign-out-everywhere-text = Toutes les applications et toutes les autres visites sont déconnectées de ce serveur. Une application se reconnecte d’elle-même quand elle en a besoin. Votre compte Matrix n’est pas touché.
page-you-sign-out-everywhere-button = Se déconnecter partout maintenant
page-you-confirmations = Confirmations en cours
page-you-confirmed = confirmée le
page-you-asked = demandée le
page-you-invitations = Invitations que vous avez envoyées
page-you-invitation-delivered = Remise ; l’adresse est supprimée
page-you-invitation-room = dans
page-you-deliveries = En cours de remise
page-you-delivery-notice = Avis à
page-you-delivery-invitation = Invitation à transmettre, pour
page-you-export = Télécharger
page-you-export-text = Tout ce qui figure sur cette page dans un seul fichier (JSON), pour vous ou pour un autre service. Si vous vous êtes connecté il y a plus de cinq minutes, nous vous demandons de le refaire.
page-you-export-button = Tout télécharger
page-you-erase = Tout effacer
page-you-erase-text = Nous supprimons tout ce que ce serveur conserve à votre sujet. Nous montrons d’abord de quoi il s’agit et demandons encore une fois.
page-you-erase-link = Voir ce qui sera effacé
page-you-erase-title = Tout effacer ?
page-you-erase-wrong-title = Rien n’a été effacé : ce n’est pas votre identifiant Matrix
page-you-erase-lead = Ceci est supprimé immédiatement et ne peut pas être rétabli :
page-you-erase-effect = Plus personne ne vous trouve par vos adresses, les invitations en attente sont perdues et toutes les applications sont déconnectées de ce serveur. Aucune adresse n’est prévenue, car nous n’en avons alors plus.
page-you-erase-kept = La trace de ce que vous avez accepté reste encore { $span }, sans votre nom. De même les compteurs de recherches et de messages, jusqu’à ce qu’ils soient revenus à zéro.
page-you-erase-account = Votre compte Matrix n’est pas touché : seul ce serveur vous oublie.
page-you-erase-confirmation = Votre identifiant Matrix
page-you-erase-hint = Saisissez-le exactement comme ci-dessus, pour montrer que vous le voulez vraiment.
page-you-erase-wrong = Ce n’est pas votre identifiant Matrix tel qu’il figure ci-dessus. Rien n’a été effacé.
page-you-erase-button = Tout effacer maintenant
page-you-erase-leave = Revenir sans rien effacer
page-you-erased = Tout est effacé
page-you-erased-text = { $server } a supprimé ceci à votre sujet. Cette visite est terminée aussi.
page-you-erased-kept = { $count ->
    [one] 1 trace de ce que vous avez accepté reste, sans votre nom, jusqu’au
   *[other] { $count } traces de ce que vous avez accepté restent, sans votre nom, jusqu’au
}
page-you-count-account = { $count ->
    [one] 1 compte sur ce serveur
   *[other] { $count } comptes sur ce serveur
}
page-you-count-bindings = { $count ->
    [one] 1 lien entre une adresse et vous
   *[other] { $count } liens entre des adresses et vous
}
page-you-count-tokens = { $count ->
    [one] 1 connexion d’application
   *[other] { $count } connexions d’applications
}
page-you-count-sessions = { $count ->
    [one] 1 confirmation d’adresse
   *[other] { $count } confirmations d’adresses
}
page-you-count-invitations = { $count ->
    [one] 1 invitation que vous avez envoyée
   *[other] { $count } invitations que vous avez envoyées
}
page-you-count-deliveries = { $count ->
    [one] 1 message en cours de remise
   *[other] { $count } messages en cours de remise
}
page-you-count-visits = { $count ->
    [one] 1 visite de ces pages
   *[other] { $count } visites de ces pages
}
page-you-receipt = Votre reçu
page-you-receipt-text = Conservez-le maintenant : nous n’en gardons pas de copie. Il est signé par ce serveur ; vous pourrez ainsi le montrer à qui vous voudrez.
page-you-receipt-button = Télécharger le reçu
page-you-left = Vous avez quitté ces pages
page-you-left-text = Ce navigateur n’affiche plus vos données. Vous pouvez fermer cette page.
page-you-refused = Rien n’a été modifié
page-you-refused-text = Votre visite est terminée, ou cette demande n’a pas été envoyée depuis la page à laquelle elle appartient. Ouvrez de nouveau la page consacrée à vos données.
page-you-said-accepted = Votre accord est enregistré.
page-you-said-outdated = Rien n’a été enregistré : cette version n’est plus en vigueur. Veuillez lire la nouvelle.
page-you-said-withdrawn = Votre accord est retiré. Les applications ne peuvent plus utiliser ce serveur pour vous.
page-you-said-unbound = L’adresse est retirée. Elle ne mène plus à vous.
page-you-said-not-bound = Rien n’a été modifié : cette adresse ne mène pas à vous.
page-you-said-all-unbound = Toutes les adresses sont retirées. Plus aucune ne mène à vous.
page-you-said-signed-out = Toutes les applications et toutes les autres visites sont déconnectées.
page-you-said-ready = Vous venez de vous connecter : vous pouvez maintenant tout télécharger.
page-you-said-later = Vous avez souvent téléchargé ceci. Veuillez réessayer dans une heure.

# Ce qui a changé dans un document.
page-changes = Ce qui a changé
page-changes-title = { $name } : ce qui a changé
page-changes-span = De la version { $older } à la version { $newer }
page-changes-since = Ce qui a changé depuis la version { $version }
page-changes-key = Ce qui a été retiré est barré ; ce qui a été ajouté est souligné.
page-changes-removed = Retiré :
page-changes-added = Ajouté :
page-changes-gap = { $count ->
    [one] 1 passage inchangé
   *[other] { $count } passages inchangés
}
page-changes-none = Rien n’a changé : le texte est le même dans les deux versions.
page-changes-apart = La version { $version } n’existe pas dans cette langue. Les deux ne peuvent donc pas être comparées ici ; lisez l’une et l’autre, ou choisissez une autre langue.
page-changes-whole = Le texte entier
page-retention-link = Ce qui est conservé
page-retention-lead = Voici ce qui est en vigueur sur ce serveur en ce moment.
page-imprint = Mentions légales

# Où aller depuis l’accueil, et qui exploite le serveur.
page-home-go = Ce que vous pouvez faire ici
page-home-you = Vos données
page-home-you-text = Connectez-vous avec votre compte Matrix : voyez ce qui est détenu sur vous, téléchargez-le, effacez-le.
page-home-address = Une adresse sans compte
page-home-address-text = Faites envoyer un lien à votre adresse : voyez ce qui est détenu à son sujet, retirez-la, ou refusez toute invitation.
page-home-retention-text = Le tableau en vigueur en ce moment.
page-home-cookie = Un seul cookie existe, et seulement après que vous vous êtes connecté à « Vos données » ou que vous avez ouvert le lien de « Une adresse sans compte ». Il dure le temps de cette visite. Seule la page de connexion a un script : il parle à votre serveur d’accueil, de sorte que votre mot de passe ne nous parvient jamais.
page-home-who = Qui exploite ce serveur
page-home-run-by = Ce serveur est exploité par { $name }.

# Ce qui suit la confirmation d’une adresse, et qui l’a demandée.
page-validated-next = Et ensuite ?
page-validated-step-app = Retournez dans votre application Matrix.
page-validated-step-bind = L’adresse ne mène à votre identifiant Matrix que si vous y dites vouloir être trouvé grâce à elle.
page-validated-step-notice = Nous envoyons alors un avis à l’adresse. Il contient un lien pour annuler cela.
page-validated-who = Qui l’a demandé
page-validated-asked = Ce compte Matrix nous a demandé de confirmer votre adresse :
page-validated-other = Ce compte n’est pas le vôtre ? Annulez la demande :
page-validated-address = Que savons-nous de votre adresse ? Voyez :

mail-validation-subject = Confirmez votre adresse e-mail pour { $server }
mail-validation-title = Est-ce bien votre adresse e-mail ?
mail-validation-asks = Quelqu’un a demandé à { $server } de vérifier que cette adresse e-mail lui appartient, avec ce compte Matrix :
mail-matrix-id = Identifiant Matrix : { $mxid }
mail-homeserver = Serveur d’accueil : { $homeserver }
mail-validation-do = Si c’est vous, ouvrez ce lien, puis retournez dans votre application :
mail-validation-button = Confirmer mon adresse
mail-validation-copy = Si le bouton ne fonctionne pas, copiez ce lien dans votre navigateur :
mail-validation-lifetime = Le lien est valable { $span }.
mail-validation-other-title = Ce n’était pas vous ?
mail-validation-other = N’ouvrez pas le lien et supprimez cet e-mail. Si personne ne l’ouvre, rien n’est publié, et la demande est effacée. Si vous l’ouvriez, cette personne pourrait être trouvée sous votre adresse.
mail-validation-cancel = Si vous l’avez déjà ouvert, ou si vous voulez que la demande disparaisse tout de suite, annulez-la ici :
mail-contact = Des questions ? { $contact }
mail-why = Vous recevez cet e-mail parce que quelqu’un a saisi votre adresse. Ce n’est pas une lettre d’information.
mail-notice-why = Vous recevez cet e-mail parce que ce serveur prévient une adresse chaque fois qu’elle commence ou cesse de mener à un compte Matrix. Ce n’est pas une lettre d’information.

mail-object = Si ce serveur ne doit jamais inscrire ni inviter votre adresse, dites-le ici :
mail-address-subject = Voir ce que { $server } conserve sur votre adresse
mail-address-title = Votre lien
mail-address-asks = Quelqu’un a demandé, sur une page de { $server }, à voir ce qui est conservé sur cette adresse e-mail. Si c’est vous, vous pouvez le voir, l’effacer ou vous opposer aux invitations.
mail-address-do = Ouvrez ce lien et appuyez sur le bouton de la page. Vous n’avez pas besoin de compte :
mail-address-button = Voir ce qui est conservé
mail-address-other = Dans ce cas, ignorez cet e-mail. Personne d’autre que vous ne peut voir ce à quoi mène le lien, et rien n’a été modifié. Ne transmettez pas le lien.

mail-bound-title = Votre adresse e-mail mène désormais à un compte Matrix
mail-bound-since = Depuis le { $time }, quiconque connaît déjà cette adresse e-mail trouve grâce à elle ce compte Matrix, sur { $server } :
mail-bound-fine = Si ce compte est le vôtre, il n’y a rien à faire. Vous pouvez retirer l’adresse à tout moment dans votre application Matrix.
mail-bound-undo = Dans ce cas, un lien reçu dans un e-mail précédent a été ouvert, et quelqu’un d’autre peut être trouvé sous votre adresse. Pour annuler cela, ouvrez ce lien et appuyez sur le bouton de la page. Vous n’avez pas besoin de compte :
mail-bound-lifetime = Le lien est valable tant que votre adresse mène à ce compte.

mail-unbound-title = Votre adresse e-mail ne mène plus à un compte Matrix
mail-unbound-since = Depuis le { $time }, plus personne ne trouve ce compte Matrix grâce à cette adresse e-mail, sur { $server } :
mail-unbound-by-owner = L’adresse a été retirée, dans une application Matrix, par quelqu’un qui a montré qu’elle est la sienne.
mail-unbound-by-user = L’adresse a été retirée par la personne qui utilise ce compte, sur la page de ce serveur consacrée à ses données.
mail-unbound-by-homeserver = L’adresse a été retirée par le serveur d’accueil du compte, comme il le fait quand la personne le demande ou ferme son compte.
mail-unbound-by-operator = L’adresse a été retirée par les personnes qui gèrent ce serveur.
mail-unbound-again = Il n’y a rien à faire. Si vous voulez de nouveau être trouvé par cette adresse, ajoutez-la dans votre application Matrix.

sms-code = { $code } est votre code pour { $server }. Valable { $minutes } min. Ne le donnez à personne.
sms-code-asks = Demandé par { $mxid }.
sms-bound = { $server } : votre numéro mène maintenant à un compte Matrix.
sms-bound-undo = Pas vous ?
sms-unbound = { $server } : votre numéro ne mène plus à un compte Matrix.
sms-notice-account = Compte : { $mxid }
sms-invite = { $mxid } vous invite à discuter sur Matrix. Pour voir l'invitation, ajoutez ce numéro à un compte Matrix, par exemple créé sur { $link }. Sinon, ignorez ce message.
sms-address = Votre lien pour voir ou effacer ce que { $server } sait de ce numéro. Valable 1 heure. Pas vous ? Ignorez ce SMS.

mail-invite-subject = Vous avez reçu une invitation à discuter sur Matrix
mail-invite-title = Vous avez reçu une invitation à discuter
mail-invite-asks = Quelqu’un souhaite discuter avec vous sur Matrix et nous a donné cette adresse e-mail pour vous joindre :
mail-invite-by = Nom : { $name }
mail-invite-room = Salon : { $room }
mail-invite-space = Espace : { $room }
mail-invite-do = Pour voir l’invitation et comment y répondre, ouvrez ce lien. Vous n’avez pas encore besoin de compte Matrix :
mail-invite-button = Voir l’invitation
mail-invite-other-app = Ou bien ajoutez cette adresse e-mail à un compte Matrix que vous avez déjà, dans n’importe quelle application : l’invitation y apparaîtra.
mail-invite-matrix = Matrix est un réseau ouvert de messages et d’appels. Comme pour l’e-mail, il y a de nombreux fournisseurs, et tout le monde peut se parler, de l’un à l’autre.
mail-invite-other-title = Vous ne connaissez pas cette personne, ou cela ne vous intéresse pas ?
mail-invite-other = Dans ce cas, vous n’avez rien à faire : personne ne saura si vous avez lu cet e-mail. Les noms sont choisis librement ; seul l’identifiant Matrix est certain. Ne transmettez pas le lien, car quiconque l’a peut accepter l’invitation à votre place.
mail-invite-lifetime = Nous conservons l’invitation et votre adresse { $span }, à moins que vous n’acceptiez plus tôt ; elles sont ensuite effacées.
mail-invite-object = Derrière ce même lien, vous pouvez aussi faire effacer sans attendre l’invitation et votre adresse, ou dire que vous ne voulez plus jamais recevoir d’invitation.

span-minutes = { $count ->
    [one] { $count } minute
   *[other] { $count } minutes
}
span-hours = { $count ->
    [one] { $count } heure
   *[other] { $count } heures
}
span-days = { $count ->
    [one] { $count } jour
   *[other] { $count } jours
}
