# Voir en.ftl. Une espace insécable précède « : ; ! ? » et borde les guillemets, sauf dans les SMS.

page-language-name = Français
page-languages = Langue
page-skip = Aller au contenu
page-tagline = Serveur d’identité Matrix
page-contact = Contact :
page-home = Accueil

page-home-lead = Grâce à ce serveur, les personnes qui connaissent déjà votre adresse e-mail peuvent vous trouver sur Matrix, mais seulement si vous le souhaitez.
page-home-how = Comment cela fonctionne
page-home-step-ask = Dans votre application Matrix, vous demandez à être trouvé grâce à votre adresse e-mail.
page-home-step-prove = Nous envoyons un lien à cette adresse. En l’ouvrant, vous montrez qu’elle est bien à vous.
page-home-step-bind = Dès que vous le confirmez dans l’application, on peut trouver votre identifiant Matrix grâce à cette adresse. Vous pouvez revenir sur ce choix à tout moment.
page-home-privacy = Ce que cette page sait de vous
page-home-privacy-text = Rien. Elle ne dépose aucun cookie, n’exécute aucun script et ne charge rien depuis d’autres sites.
page-home-server = Personne ne peut non plus parcourir les données de ce serveur. Nous ne montrons votre identifiant Matrix qu’aux personnes qui recherchent exactement votre adresse, et le nombre d’adresses que chacun peut rechercher est limité.
page-home-policies = Ce que vous acceptez

page-policies = Conditions et politiques
page-policies-none = Ce serveur ne vous demande d’accepter aucun document.
page-policies-older = Versions antérieures
page-policy-version = Version { $version }
page-policy-in-force = Cette version est en vigueur.
page-policy-superseded = Ceci est une version antérieure, conservée pour référence. La version en vigueur est la { $version } :

page-retention = Ce que nous conservons, et combien de temps
page-retention-data = Données
page-retention-kept = Durée de conservation
page-retention-session = Confirmation d’une adresse
page-retention-session-kept = { $span } après la dernière étape, puis effacement dans l’heure
page-retention-code = Code reçu par SMS
page-retention-code-kept = { $span }, ou jusqu’à { $tries } essais erronés
page-retention-token = Connexion d’une application
page-retention-token-kept = jusqu’à la déconnexion, ou { $span } sans utilisation
page-retention-binding = Association entre une adresse et un identifiant Matrix
page-retention-binding-kept = jusqu’à ce que vous la retiriez ou l’effaciez
page-retention-consent = Trace de ce que vous avez accepté
page-retention-consent-kept = tant que vous avez un compte ici, puis { $span }
page-retention-unbinding = Empreinte de la demande d’un serveur d’accueil de retirer une adresse, et du réseau d’où elle provient
page-retention-unbinding-kept = { $span } après la dernière demande de ce type
page-retention-invite = Invitation envoyée à une adresse
page-retention-invite-kept = { $span } ; l’adresse elle-même, seulement jusqu’à la remise de l’invitation
page-retention-key = Clé publique d’une invitation
page-retention-key-kept = tant que l’invitation est en attente, puis { $span }
page-retention-delivery = Invitation en route vers votre serveur d’accueil
page-retention-delivery-kept = jusqu’à son arrivée, { $span } au plus
page-retention-notice = Notification en route vers votre adresse
page-retention-notice-kept = jusqu’à son arrivée, { $span } au plus
page-retention-openid = Empreinte d’une preuve de votre identifiant Matrix
page-retention-openid-kept = { $span }, ou tant que la preuve est valable
page-retention-erasure = Effacement que vous avez demandé sans confirmer d’adresse
page-retention-erasure-kept = jusqu’à ce qu’il ait lieu après { $span }, ou soit arrêté
page-retention-alert = Avertissement à votre adresse sur ce qui a été fait de vos données
page-retention-alert-kept = jusqu’à son arrivée, { $span } au plus, même après un effacement
page-retention-visit = Session sur les pages consacrées à vos données
page-retention-visit-kept = { $span }, ou jusqu’à la déconnexion
page-retention-objection = Empreinte d’une adresse dont le titulaire s’est opposé
page-retention-objection-kept = jusqu’au retrait de l’opposition
page-retention-budget = Compteur de recherches et de messages
page-retention-budget-kept = jusqu’à son retour à zéro, en général dans les 100 jours
page-retention-lookup = Ce qui a été recherché
page-retention-lookup-kept = deux semaines au plus, chiffré ; seule l’application qui l’a recherché peut le faire déchiffrer
page-retention-audit = Journal des actions sur les données, sous pseudonyme
page-retention-audit-kept = { $span }, même si vous faites effacer vos données
page-retention-log = Journal des accès
page-retention-log-kept = { $kept ->
    [cut] sans personnes ni adresses ; adresses IP tronquées
   *[none] aucun
}

page-validated = Votre adresse est confirmée
page-validated-text = Rien n’est encore publié. Retournez dans votre application Matrix pour continuer. Vous pouvez fermer cette page.
page-validated-again = Votre adresse était déjà confirmée
page-validated-again-text = Il n’y a plus rien à faire ici. Retournez dans votre application Matrix pour continuer. Vous pouvez fermer cette page.
page-validated-expired = Ce lien a expiré
page-validated-expired-text = Les liens ne sont valables qu’un certain temps. Retournez dans votre application Matrix et demandez un nouvel e-mail.
page-validated-wrong = Ce lien ne fonctionne pas
page-validated-wrong-text = Il manque peut-être une partie du lien. Copiez le lien entier depuis l’e-mail, ou demandez un nouvel e-mail dans votre application Matrix.

page-confirm = Confirmez votre adresse
page-confirm-text = Vous avez ouvert un lien de notre e-mail. Appuyez sur le bouton pour confirmer que cette adresse est la vôtre.
page-confirm-button = Confirmer
page-confirm-leave = Si vous n’avez rien demandé, fermez cette page. Il ne s’est rien passé.

page-code-expired = Ce code a expiré
page-code-expired-text = Un code n’est valable que peu de temps et pour quelques essais. Retournez dans votre application Matrix et demandez un nouveau SMS.
page-code-wrong = Ce code est incorrect
page-code-wrong-text = Vérifiez le SMS : seul le code le plus récent fonctionne. Ou demandez-en un nouveau dans votre application Matrix.

page-not-me = Ce n’était pas vous ?
page-not-me-bound = Sur { $server }, on peut trouver ce compte Matrix grâce à votre adresse, parce que quelqu’un l’a confirmée :
page-not-me-bound-consequence = Si ce compte n’est pas le vôtre, appuyez sur le bouton. Votre adresse ne permettra plus de trouver personne, et ses confirmations antérieures ne seront plus valables.
page-not-me-asked = Quelqu’un a demandé à { $server } de confirmer votre adresse pour ce compte Matrix :
page-not-me-asked-consequence = Si ce compte n’est pas le vôtre, appuyez sur le bouton. Nous annulerons alors la demande. Si elle permet déjà de trouver ce compte grâce à votre adresse, nous y mettrons fin aussi.
page-not-me-button = Ce n’était pas moi
page-not-me-leave = Si c’est le vôtre, fermez cette page. Rien n’a changé.
page-not-me-unbound = C’est fait. L’association a été supprimée
page-not-me-unbound-text = On ne peut plus trouver ce compte Matrix grâce à votre adresse. Vous n’avez plus rien à faire et pouvez fermer cette page.
page-not-me-cancelled = La demande est annulée
page-not-me-cancelled-text = Ce compte Matrix ne peut plus s’en servir. Vous n’avez plus rien à faire et pouvez fermer cette page.
page-not-me-settled = Il n’y a plus rien à annuler
page-not-me-settled-text = La demande a déjà été annulée, ou elle a expiré. Si un message plus récent indique que votre adresse permet de trouver un compte qui n’est pas le vôtre, utilisez le lien de ce message.
page-not-me-superseded = Ce lien n’est plus valable
page-not-me-superseded-text = Votre adresse a de nouveau été confirmée depuis. Si ce n’était pas vous, utilisez le lien du message le plus récent à ce sujet.
page-not-me-wrong-text = Il manque peut-être une partie du lien. Copiez le lien entier depuis le message.
page-not-me-added = Une autre adresse a été ajoutée à ce compte Matrix sur { $server } :
page-not-me-added-consequence = Si vous ne l’avez pas ajoutée, appuyez sur le bouton. Nous retirerons la nouvelle adresse et toute autre ajoutée dans les trois jours précédents ou depuis, déconnecterons de ce serveur toutes les applications et sessions de ce compte et arrêterons un effacement demandé.
page-not-me-added-leave = Si c’est vous qui l’avez ajoutée, fermez cette page. Rien n’a changé.
page-not-me-removed = La nouvelle adresse est retirée
page-not-me-removed-text = Toute autre adresse ajoutée dans les trois jours précédents ou depuis est retirée aussi, et tout le monde a été déconnecté de ce serveur. Changez le mot de passe de votre compte Matrix et déconnectez les appareils et applications que vous ne reconnaissez pas. Vous pourrez ensuite ajouter de nouveau vos propres adresses.
page-not-me-signed-out = Tout le monde est déconnecté
page-not-me-signed-out-text = La nouvelle adresse avait déjà été retirée. Si un effacement avait été demandé, il est arrêté. Changez le mot de passe de votre compte Matrix et déconnectez les appareils et applications que vous ne reconnaissez pas.

page-missing = Page introuvable
page-missing-text = L’adresse est peut-être mal saisie, ou la page n’existe plus.
page-wrong-method = Cette page ne fonctionne pas ainsi
page-wrong-method-text = Votre navigateur a envoyé une requête que cette page n’accepte pas. Ouvrez la page à partir d’un lien, ou revenez en arrière et réessayez.
page-unavailable = Nous ne pouvons pas répondre pour le moment
page-unavailable-text = Le serveur devrait bientôt être de retour. Veuillez réessayer dans une minute.
page-too-often = Vous avez ouvert cette page trop souvent
page-too-often-text = Veuillez réessayer dans une minute.

# La connexion.
page-sign-in = Se connecter
page-sign-in-failed = La connexion a échoué
page-sign-in-lead = Connectez-vous avec votre compte Matrix pour voir, modifier ou effacer ce que ce serveur conserve à votre sujet.
page-sign-in-for-export = Veuillez vous connecter de nouveau avant de télécharger tout ce que nous conservons à votre sujet. Vos données restent ainsi protégées si quelqu’un d’autre trouve votre appareil déverrouillé.
page-sign-in-for-erase = Veuillez vous connecter de nouveau avant que nous effacions tout ce que nous conservons à votre sujet. Vos données restent ainsi protégées si quelqu’un d’autre trouve votre appareil déverrouillé.
page-sign-in-without-script = Pour la connexion, votre navigateur communique directement avec votre serveur d’accueil, afin que nous ne voyions jamais votre mot de passe. Il faut pour cela JavaScript, qui est désactivé. S’il ne s’agit que d’une adresse e-mail, le lien ci-dessous fonctionne sans. Vous pouvez aussi vous adresser aux responsables de ce serveur.
page-sign-in-mxid = Votre identifiant Matrix
page-sign-in-mxid-hint = Il ressemble à @anna:example.org. Vous le trouverez dans les paramètres de votre application Matrix.
page-sign-in-next = Continuer
page-sign-in-password = Votre mot de passe Matrix
page-sign-in-password-hint = Il va uniquement à votre serveur d’accueil, jamais à nous.
page-sign-in-with-password = Se connecter avec le mot de passe
page-sign-in-oauth = Se connecter sur { $server }
page-sign-in-sso = Authentification unique sur { $server }
page-sign-in-sso-hint = L’authentification unique ouvre une page de { $server }. Si c’est la page d’un autre serveur d’accueil, fermez-la : { $server } pourrait sinon utiliser le compte que vous y avez.
page-sign-in-device = Connexion temporaire à { $name }
page-sign-in-asking = Recherche de votre serveur d’accueil…
page-sign-in-leaving = Redirection vers { $server }…
page-sign-in-signing-in = Connexion en cours…
page-sign-in-choose = Nous avons trouvé { $server }. Connectez-vous :
page-sign-in-how = Ce qui se passe ensuite
page-sign-in-how-password = Votre navigateur se connecte à votre propre serveur d’accueil. Nous ne voyons ni votre mot de passe ni vos messages.
page-sign-in-how-token = Votre serveur d’accueil établit une preuve éphémère de votre identifiant Matrix, et votre navigateur s’en déconnecte aussitôt. Nous ne recevons que cette preuve.
page-sign-in-how-kept = Se connecter ne crée pas de compte ici. Votre session prend fin automatiquement après un court moment, ou quand vous vous déconnectez.
page-sign-in-other = Pas de compte Matrix ?
page-sign-in-other-text = Il se peut malgré tout que quelqu’un ait saisi votre adresse e-mail ici.
page-sign-in-other-link = Voir ce que nous conservons sur une adresse e-mail
page-sign-in-mistyped = Ce n’est pas un identifiant Matrix valable. Il ressemble à @anna:example.org : un nom, un deux-points et le nom d’un serveur d’accueil.
page-sign-in-unreachable = { $server } ne répond pas. Vérifiez l’orthographe et votre connexion. Si tout est correct, le serveur d’accueil est peut-être indisponible, ou n’accepte pas les navigateurs. Réessayez plus tard, ou adressez-vous à ses responsables.
page-sign-in-misconfigured = { $server } n’indique pas correctement où se trouve son serveur d’accueil. Seuls ses responsables peuvent y remédier.
page-sign-in-no-homeserver = Il n’y a pas de serveur d’accueil Matrix à l’adresse { $server }. Vérifiez la partie de votre identifiant Matrix qui suit le deux-points.
page-sign-in-no-way = { $server } ne propose aucun mode de connexion pris en charge par cette page. Veuillez vous adresser aux responsables de ce serveur.
page-sign-in-wrong-password = Identifiant Matrix ou mot de passe incorrect. Veuillez réessayer.
page-sign-in-deactivated = Ce compte a été fermé sur son serveur d’accueil. Veuillez vous adresser aux responsables de ce serveur.
page-sign-in-wait = { $server } a reçu trop de demandes. Réessayez dans { $seconds } s.
page-sign-in-refused = { $server } a refusé la connexion. Réessayez, ou essayez un autre moyen s’il y en a un.
page-sign-in-cancelled = Vous ne vous êtes pas connecté à { $server }. Il ne s’est rien passé, et vous pouvez réessayer.
page-sign-in-stale = Trop de temps s’est écoulé, ou vous avez commencé dans une autre fenêtre. Veuillez vous connecter de nouveau.
page-sign-in-mixed-up = { $server } vous envoie sur le serveur de quelqu’un d’autre pour vous connecter. Nous avons arrêté, car il pourrait alors utiliser le compte que vous y avez. Seuls ses opérateurs peuvent y remédier.
page-sign-in-stranger = Vous vous êtes connecté avec un compte qui n’est pas sur { $server }. Saisissez l’identifiant Matrix avec lequel vous vous connectez.
page-sign-in-broken = Votre navigateur n’a pas pu terminer la connexion. Réessayez, ou utilisez un autre navigateur, plus récent.
page-sign-in-unreadable = Cette demande ne venait pas de notre page de connexion, ou elle est incomplète. Veuillez vous connecter de nouveau.
page-sign-in-not-vouched = Votre serveur d’accueil n’a pas confirmé votre identité. Veuillez vous connecter de nouveau. Si le problème persiste, adressez-vous à ses responsables.
page-sign-in-blocked = Les utilisateurs de ce serveur d’accueil ne peuvent pas utiliser ce serveur. Si vous pensez que c’est une erreur, ou si vous voulez vos données, adressez-vous aux responsables de ce serveur.
page-sign-in-too-often = Il y a eu trop de tentatives de connexion depuis votre réseau. Veuillez réessayer plus tard.
page-sign-in-homeserver-away = Nous n’avons pas pu demander à votre serveur d’accueil de confirmer votre identité. Veuillez réessayer dans quelques minutes.

# Derrière le lien de l’e-mail d’invitation.
page-invited-names = N’importe qui peut choisir n’importe quel nom. Seul l’identifiant Matrix est fiable.
page-invited-matrix = Qu’est-ce que Matrix ?
page-invited-answer = Comment répondre
page-invited-answer-text = Ouvrez l’invitation dans votre navigateur. Vous pourrez rejoindre la conversation avec votre compte Matrix, ou en créer un si vous n’en avez pas encore. Ne transmettez pas ce lien : quiconque l’a peut accepter à votre place.
page-invited-open = Ouvrir l’invitation dans { $app }
page-invited-elsewhere = Vous pouvez aussi l’ouvrir dans une autre application web :
page-invited-apps = Dans votre propre application
page-invited-apps-text = Il existe de nombreuses applications Matrix pour téléphones et ordinateurs, par exemple Element, SchildiChat, FluffyChat, Cinny et Nheko.
page-invited-apps-address = Ajoutez cette adresse e-mail à votre compte Matrix, et permettez que l’on vous trouve grâce à elle sur { $server }. Dans Element, par exemple, cela se fait dans les paramètres. L’invitation apparaîtra alors dans toutes les applications où vous utilisez ce compte.
page-invited-address = Ce que devient votre adresse
page-invited-address-text = Nous la conservons avec cette invitation jusqu’au { $date }, sous forme chiffrée, et ne l’utilisons pour rien d’autre. Nous l’effaçons plus tôt si vous l’ajoutez à un compte Matrix, ou si vous effacez l’invitation ici.
page-invited-refuse-text = Dans ce cas, vous n’avez rien à faire. Personne ne saura si vous avez ouvert cette page. Si vous préférez en finir tout de suite, appuyez sur l’un de ces boutons. Personne n’en saura rien non plus.
page-invited-decline = Effacer cette invitation
page-invited-decline-text = Nous effaçons cette invitation, et votre adresse avec elle. Vous pourrez être invité de nouveau.
page-invited-object = Ne jamais me répertorier ni m’inviter
page-invited-object-text = Nous effaçons toutes les invitations en attente pour votre adresse. Ensuite, nous ne vous invitons plus, et personne ne peut être trouvé grâce à votre adresse. Vous pouvez retirer votre opposition à tout moment.
page-invited-declined = L’invitation a été effacée
page-invited-declined-text = Nous avons effacé votre adresse avec elle. Vous n’avez plus rien à faire et pouvez fermer cette page.
page-invited-objected = Vous ne recevrez plus d’invitations
page-invited-objected-text = Nous n’envoyons plus d’invitations à votre adresse, et personne ne peut être trouvé grâce à elle. Toutes les invitations en attente ont été effacées.
page-invited-delivered = Cette invitation a été remise
page-invited-delivered-text = Votre adresse a été ajoutée à un compte Matrix, et l’invitation y a été envoyée. Vous la trouverez dans votre application Matrix. Si ce compte n’est pas le vôtre, utilisez le lien de l’e-mail qui vous en a informé.
page-invited-over = Cette invitation n’est plus valable
page-invited-over-text = Elle a été effacée, ou elle a expiré. Votre adresse a été effacée avec elle.
page-invited-own = Pour voir ce que nous conservons d’autre sur votre adresse, vous opposer ou retirer une opposition :
page-invited-own-link = Votre adresse sur ce serveur

# Gérer une adresse sans compte.
page-address = Ce que nous conservons sur votre adresse
page-address-lead = Consultez ce que ce serveur conserve sur votre adresse e-mail ou votre numéro de téléphone, faites-le effacer, ou opposez-vous aux invitations. Vous n’avez pas besoin de compte.
page-address-lead-email = Consultez ce que ce serveur conserve sur votre adresse e-mail, faites-le effacer, ou opposez-vous aux invitations. Vous n’avez pas besoin de compte.
page-address-field = Votre adresse e-mail ou votre numéro de téléphone
page-address-field-email = Votre adresse e-mail
page-address-hint = Saisissez un numéro de téléphone avec le signe plus et l’indicatif du pays, par exemple +33 6 12 34 56 78.
page-address-button = Envoyez-moi un lien
page-address-next = Nous vous envoyons un message avec un lien. En l’ouvrant, vous montrez que l’adresse est à vous, et vous pouvez voir ce que nous conservons à son sujet.
page-address-secrecy = Cette page dit la même chose pour toutes les adresses, que nous conservions quelque chose à leur sujet ou non.
page-address-wrong = Cette adresse n’est pas valable
page-address-wrong-text = Saisissez une adresse e-mail, comme alice@example.org, ou un numéro de téléphone qui commence par le signe plus.
page-address-wrong-email-text = Saisissez une adresse e-mail, comme alice@example.org.
page-address-unreached-text = Ce serveur n’envoie pas de SMS vers ce pays ou cette région, quel que soit le numéro.
page-address-sent = Consultez vos messages
page-address-sent-text = Si nous pouvons joindre cette adresse, un message avec un lien arrivera dans les prochaines minutes. Le lien est valable une heure. Si rien n’arrive, regardez dans les courriers indésirables ou réessayez plus tard : une adresse ne peut recevoir que quelques messages de ce type par heure.
page-address-busy = Veuillez patienter un peu
page-address-busy-text = Trop de messages ont été demandés, depuis votre réseau ou sur l’ensemble de ce serveur. Veuillez réessayer dans une heure.
page-address-again = Demander un nouveau lien
page-address-open = Est-ce votre adresse ?
page-address-open-text = Vous avez ouvert un lien envoyé à une adresse. Appuyez sur le bouton pour voir ce que nous conservons sur cette adresse.
page-address-open-button = Voir ce qui est conservé
page-address-open-leave = Un cookie vous maintient ensuite connecté un court moment. Si vous n’avez pas demandé ce lien, fermez cette page. Il ne s’est rien passé.
page-address-expired = Ce lien a expiré
page-address-expired-text = Un tel lien est valable une heure.
page-address-broken-text = Il manque peut-être une partie du lien. Copiez le lien entier depuis le message, ou demandez-en un nouveau.
page-address-left = Vous êtes déconnecté. Ce navigateur ne peut plus voir ce que nous conservons sur votre adresse.
page-address-erased = Tout a été effacé. Si vous vous êtes opposé, nous ne conservons plus que cette opposition.

page-held = Ce que nous conservons sur votre adresse
page-held-lead = Voici tout ce que ce serveur conserve sur { $address }.
page-held-alone = Cette page ne concerne que cette adresse, et non d’autres que vous pourriez avoir.
page-held-over = Votre session a pris fin
page-held-over-text = Rien n’a été modifié. Pour voir ce que nous conservons sur votre adresse, demandez un nouveau lien et ouvrez-le dans ce navigateur.
page-held-binding = Qui est trouvé grâce à elle
page-held-unbound = Personne.
page-held-unbind = Supprimer cette association
page-held-unbind-text = Plus personne ne pourra alors être trouvé grâce à votre adresse. Ses confirmations antérieures ne seront plus valables non plus.
page-held-confirmations = Qui a demandé à la confirmer
page-held-confirmation-asked = non confirmée ; demandée le
page-held-confirmation-proved = confirmée le
page-held-confirmation-homeserver = Un serveur d’accueil, pour l’un de ses utilisateurs
page-held-cancel = Annuler ces demandes
page-held-cancel-text = Plus personne ne pourra alors s’en servir pour être trouvé grâce à votre adresse.
page-held-invitations = Invitations en attente
page-held-invitation = vous a invité le
page-held-uninvite = Effacer les invitations
page-held-uninvite-text = Les personnes qui vous ont invité n’en sont pas informées.
page-held-deliveries = En cours d’envoi
page-held-delivery-notice = une notification pour vous au sujet de ce compte, depuis le
page-held-delivery-onbind = une invitation à transmettre à ce compte, depuis le
page-held-objection = Ne jamais me répertorier ni m’inviter
page-held-objects = Vous vous opposez depuis le
page-held-objects-text = Personne ne peut être trouvé grâce à cette adresse, et nous ne lui envoyons ni confirmations ni invitations.
page-held-object = Je m’oppose
page-held-object-text = Si vous vous opposez, plus personne ne pourra être trouvé grâce à cette adresse, et nous ne lui enverrons plus ni confirmations ni invitations. Nous effaçons ce qui figure ci-dessus, et ne gardons qu’une empreinte de l’adresse pour la reconnaître. Vous pouvez retirer votre opposition sur cette page à tout moment.
page-held-withdraw = Je ne m’oppose plus
page-held-withdraw-text = L’adresse pourra alors de nouveau être confirmée et invitée.
page-held-download = Télécharger
page-held-download-text = Tout ce qui figure sur cette page dans un seul fichier (JSON), pour vous ou pour un programme.
page-held-download-button = Télécharger
page-held-erase = Tout effacer
page-held-erase-text = Nous effaçons immédiatement tout ce qui figure sur cette page, et votre session prend fin. Seule une opposition est conservée : sans elle, vous pourriez être invité de nouveau.
page-held-erase-sure = Oui, tout effacer. C’est irréversible.
page-held-erase-button = Tout effacer
page-held-leave = Se déconnecter
page-held-leave-text = Votre session prend fin automatiquement après un court moment. Si d’autres personnes utilisent cet appareil, mettez-y fin maintenant.
page-held-leave-button = Terminer ma session
page-held-done-unbound = Plus personne ne peut être trouvé grâce à votre adresse
page-held-done-cancelled = Les demandes ont été annulées
page-held-done-uninvited = Les invitations ont été effacées
page-held-done-objected = Votre opposition a été enregistrée
page-held-done-withdrawn = Votre opposition a été retirée
page-held-stale = Rien n’a encore été fait. Il faut pour cela un lien ouvert au cours des cinq dernières minutes.
page-held-unsure = Rien n’a été effacé. Cochez d’abord la case.
page-object-text = Si vous vous opposez, plus personne ne pourra être trouvé grâce à votre adresse, et nous ne lui enverrons plus ni confirmations ni invitations. Nous effaçons ce que nous avons enregistré à son sujet, et ne gardons qu’une empreinte pour la reconnaître. Vous pouvez retirer votre opposition à tout moment.
page-object-expired = Un tel lien est valable 60 jours. Pour vous opposer, demandez-en un nouveau.
page-object-superseded = Cette adresse a été ajoutée à un compte Matrix après l’envoi de ce message : le lien qu’il contient n’est donc plus valable. Pour vous opposer, demandez-en un nouveau.

# Ce que chacun voit de ses propres données et peut en faire (/you).
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
page-you-nothing = { $server } ne conserve rien à votre sujet, à part cette session, qui prend fin automatiquement.
page-you-account-since = connu ici depuis le
page-you-since = depuis le
page-you-none = Aucune.
page-you-sign-out = Se déconnecter
page-you-addresses = Adresses grâce auxquelles on peut vous trouver
page-you-addresses-none = Aucune adresse ne permet de vous trouver.
page-you-addresses-text = Quiconque connaît déjà l’une de ces adresses peut trouver votre identifiant Matrix grâce à elle.
page-you-unbind = Retirer { $address }
page-you-unbind-text = Plus personne ne pourra alors vous trouver grâce à cette adresse. Nous prévenons l’adresse qu’elle a été retirée. Vous pouvez l’ajouter de nouveau à tout moment dans votre application.
page-you-unbind-button = Retirer cette adresse
page-you-unbind-all = Retirer toutes les adresses
page-you-unbind-all-text = Plus personne ne pourra alors vous trouver sur ce serveur grâce à une adresse. Nous prévenons chaque adresse qu’elle a été retirée.
page-you-unbind-all-button = Les retirer toutes
page-you-policies = Ce que vous avez accepté
page-you-policy-agreed = Vous avez accepté la version en vigueur.
page-you-policy-withdrawn = Vous avez retiré votre accord. Les applications ne peuvent plus utiliser ce serveur pour vous tant que vous n’avez pas de nouveau accepté sur cette page.
page-you-policy-renewed = Il existe une nouvelle version, que vous n’avez pas acceptée.
page-you-policy-open = Vous n’avez pas accepté ce document.
page-you-policy-former = Ce document n’est plus utilisé ici.
page-you-record-document = Document
page-you-record-accepted = Accepté
page-you-record-withdrawn = Retiré
page-you-record-sha256 = Empreinte (SHA-256)
page-you-read = Lire :
page-you-changes = Ce qui a changé depuis la version que vous avez acceptée
page-you-accept = J’accepte la version { $version }
page-you-withdraw = Retirer mon accord : { $name }
page-you-withdraw-text = Vos applications ne pourront alors plus utiliser ce serveur pour vous, et elles ne pourront pas revenir là-dessus. Vous seul le pourrez, sur cette page. On pourra toujours vous trouver grâce à vos adresses, jusqu’à ce que vous les retiriez.
page-you-withdraw-button = Retirer mon accord
page-you-withdraw-all = Retirer tout ce que j’ai accepté
page-you-withdraw-all-button = Tout retirer
page-you-apps = Applications connectées
page-you-apps-none = Aucune de vos applications n’est connectée ici.
page-you-apps-text = Nous savons quand chacune de vos applications s’est connectée ici, et quel jour elle a été active pour la dernière fois. Nous ne savons pas de quelle application il s’agit.
page-you-app-since = Connectée le
page-you-app-used = utilisée pour la dernière fois le
page-you-visits = Vos sessions en cours sur ces pages, dont celle-ci. Elles ont commencé le :
page-you-sign-out-everywhere = Se déconnecter partout
page-you-sign-out-everywhere-text = Toutes vos applications et toutes vos autres sessions sont déconnectées de ce serveur. Une application se reconnecte automatiquement quand elle en a besoin. Cela ne touche pas à votre compte Matrix.
page-you-sign-out-everywhere-button = Se déconnecter partout maintenant
page-you-busy-text = Si vous n’avez pas ouvert cette page souvent, quelqu’un d’autre est peut-être connecté à ce serveur en votre nom.
page-you-confirmations = Confirmations en cours
page-you-confirmed = confirmée le
page-you-asked = demandée le
page-you-invitations = Invitations que vous avez envoyées
page-you-invitation-delivered = Remise ; l’adresse a été effacée
page-you-invitation-room = dans
page-you-deliveries = En cours d’envoi
page-you-delivery-notice = Notification à
page-you-delivery-invitation = Invitation à transmettre pour
page-you-export = Télécharger
page-you-export-text = Tout ce qui figure sur cette page dans un seul fichier (JSON), pour vous ou pour un autre service. Si vous vous êtes connecté il y a plus de cinq minutes, ou si cette connexion a déjà servi, nous vous demandons de le refaire.
page-you-export-button = Tout télécharger
page-you-erase = Tout effacer
page-you-erase-text = Nous effaçons tout ce que ce serveur conserve à votre sujet. Nous vous montrons d’abord de quoi il s’agit et vous demandons de confirmer.
page-you-erase-link = Voir ce qui sera effacé
page-you-erase-title = Tout effacer ?
page-you-erase-wrong-title = Rien n’a été effacé : ce n’est pas votre identifiant Matrix
page-you-erase-lead = Nous effaçons immédiatement ce qui suit, sans retour possible :
page-you-erase-effect = Plus personne ne peut vous trouver grâce à vos adresses, les invitations en attente sont perdues et toutes vos applications sont déconnectées de ce serveur. Nous prévenons vos adresses que tout a été effacé, puis nous les oublions.
page-you-erase-kept = Nous gardons la trace de ce que vous avez accepté encore { $span }, sans votre nom. Nous gardons aussi les compteurs de recherches et de messages, jusqu’à leur retour à zéro.
page-you-erase-account = Cela ne touche pas à votre compte Matrix. Seul ce serveur vous oublie.
page-you-erase-confirmation = Votre identifiant Matrix
page-you-erase-hint = Pour confirmer, saisissez-le exactement comme ci-dessus.
page-you-erase-wrong = Ce n’est pas votre identifiant Matrix tel qu’il figure ci-dessus. Rien n’a été effacé.
page-you-erase-button = Tout effacer maintenant
page-you-erase-leave = Revenir sans rien effacer
page-you-erased = Tout a été effacé
page-you-erased-text = { $server } a effacé ce qui suit à votre sujet. Cette session a pris fin aussi.
page-you-erased-kept = { $count ->
    [one] 1 trace de ce que vous avez accepté est gardée, sans votre nom, jusqu’au
   *[other] { $count } traces de ce que vous avez accepté sont gardées, sans votre nom, jusqu’au
}
page-you-count-account = { $count ->
    [one] 1 compte sur ce serveur
   *[other] { $count } comptes sur ce serveur
}
page-you-count-bindings = { $count ->
    [one] 1 association entre une adresse et vous
   *[other] { $count } associations entre des adresses et vous
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
    [one] 1 message en cours d’envoi
   *[other] { $count } messages en cours d’envoi
}
page-you-count-visits = { $count ->
    [one] 1 session sur ces pages
   *[other] { $count } sessions sur ces pages
}
page-you-receipt = Votre reçu
page-you-receipt-text = Enregistrez-le maintenant, car nous n’en gardons pas de copie. Il est signé par ce serveur : vous pourrez le montrer plus tard à qui vous voudrez.
page-you-receipt-button = Télécharger le reçu
page-you-left = Vous êtes déconnecté
page-you-left-text = Ce navigateur n’affiche plus vos données. Vous pouvez fermer cette page.
page-you-refused = Rien n’a été modifié
page-you-refused-text = Votre session a pris fin, ou cette demande ne venait pas de la bonne page. Ouvrez de nouveau la page consacrée à vos données.
page-you-said-accepted = Votre accord a été enregistré.
page-you-said-outdated = Rien n’a été enregistré : cette version n’est plus en vigueur. Veuillez lire la nouvelle.
page-you-said-withdrawn = Votre accord a été retiré. Les applications ne peuvent plus utiliser ce serveur pour vous.
page-you-said-unbound = L’adresse a été retirée. Plus personne ne peut vous trouver grâce à elle.
page-you-said-not-bound = Rien n’a été modifié : cette adresse ne permet pas de vous trouver.
page-you-said-all-unbound = Toutes les adresses ont été retirées. Plus aucune ne permet de vous trouver.
page-you-said-signed-out = Toutes vos applications et toutes vos autres sessions ont été déconnectées.
page-you-said-ready = Vous venez de vous connecter : vous pouvez maintenant tout télécharger.
page-you-said-later = Vous avez atteint la limite de téléchargements. Veuillez réessayer dans une heure.

# Ce qui a changé dans un document.
page-changes = Ce qui a changé
page-changes-title = { $name } : ce qui a changé
page-changes-span = De la version { $older } à la version { $newer }
page-changes-since = Ce qui a changé depuis la version { $version }
page-changes-key = Le texte retiré est barré ; le texte ajouté est souligné.
page-changes-removed = Retiré :
page-changes-added = Ajouté :
page-changes-gap = { $count ->
    [one] 1 passage inchangé
   *[other] { $count } passages inchangés
}
page-changes-none = Rien n’a changé : le texte est le même dans les deux versions.
page-changes-apart = La version { $version } n’existe pas dans cette langue ; les deux ne peuvent donc pas être comparées ici. Lisez l’une et l’autre, ou choisissez une autre langue.
page-changes-whole = Le texte intégral
page-retention-link = Ce que nous conservons
page-retention-lead = Voici ce qui s’applique actuellement sur ce serveur.
page-imprint = Mentions légales

# Où aller depuis l’accueil, et qui gère le serveur.
page-home-go = Ce que vous pouvez faire ici
page-home-you = Vos données
page-home-you-text = Connectez-vous avec votre compte Matrix pour voir ce que nous conservons à votre sujet, le télécharger ou l’effacer.
page-home-address = Gérer une adresse sans compte
page-home-address-text = Nous envoyons un lien à votre adresse. Il vous permet de voir ce que nous conservons à son sujet, de la retirer, ou de ne plus jamais être invité.
page-home-retention-text = Le tableau actuel des durées de conservation.
page-home-cookie = Nous n’utilisons qu’un seul cookie, et seulement après que vous vous êtes connecté à « Vos données » ou que vous avez ouvert le lien de « Gérer une adresse sans compte ». Il dure le temps de cette session. Seule la page de connexion a un script : il communique avec votre serveur d’accueil, de sorte que votre mot de passe ne nous parvient jamais.
page-home-who = Qui gère ce serveur
page-home-run-by = Ce serveur est géré par { $name }.

# Ce qui suit la confirmation d’une adresse, et qui l’a demandée.
page-validated-next = Et ensuite ?
page-validated-step-app = Retournez dans votre application Matrix.
page-validated-step-bind = Indiquez-y que vous voulez être trouvé grâce à cette adresse. D’ici là, elle ne permet pas de trouver votre identifiant Matrix.
page-validated-step-notice = Nous envoyons alors une notification à l’adresse, avec un lien pour annuler.
page-validated-who = Qui l’a demandé
page-validated-asked = Ce compte Matrix nous a demandé de confirmer votre adresse :
page-validated-other = Ce compte n’est pas le vôtre ? Annulez la demande :
page-validated-continue = Continuer vers { $host }
page-validated-address = Que conservons-nous sur votre adresse ? Voyez ici :

mail-validation-subject = Confirmez votre adresse e-mail pour { $server }
mail-validation-title = Est-ce votre adresse e-mail ?
mail-validation-asks = Quelqu’un a demandé à { $server } de confirmer que cette adresse e-mail est la sienne, avec ce compte Matrix :
mail-matrix-id = Identifiant Matrix : { $mxid }
mail-homeserver = Serveur d’accueil : { $homeserver }
mail-validation-do = Si c’était vous, ouvrez ce lien, puis retournez dans votre application :
mail-validation-button = Confirmer mon adresse
mail-validation-copy = Si le bouton ne fonctionne pas, copiez ce lien dans votre navigateur :
mail-validation-lifetime = Le lien est valable { $span }.
mail-validation-other-title = Ce n’était pas vous ?
mail-validation-other = N’ouvrez pas le lien et supprimez cet e-mail. Si personne n’ouvre le lien, rien n’est publié, et nous effaçons la demande. Si vous l’ouvrez, on pourrait trouver cette personne grâce à votre adresse.
mail-validation-cancel = Si vous l’avez déjà ouvert, ou si vous voulez annuler la demande tout de suite, faites-le ici :
mail-contact = Des questions ? { $contact }
mail-why = Vous recevez cet e-mail parce que quelqu’un a saisi votre adresse. Ce n’est pas une lettre d’information.
mail-notice-why = Vous recevez cet e-mail parce que ce serveur prévient une adresse chaque fois qu’elle permet, ou ne permet plus, de trouver un compte Matrix. Ce n’est pas une lettre d’information.

mail-object = Si ce serveur ne doit jamais répertorier ni inviter votre adresse, dites-le-nous ici :
mail-address-subject = Voir ce que { $server } conserve sur votre adresse
mail-address-title = Votre lien
mail-address-asks = Quelqu’un a demandé, sur une page de { $server }, à voir ce que nous conservons sur cette adresse e-mail. Si c’était vous, vous pouvez le consulter, l’effacer ou vous opposer aux invitations.
mail-address-do = Ouvrez ce lien et appuyez sur le bouton de la page. Vous n’avez pas besoin de compte :
mail-address-button = Voir ce qui est conservé
mail-address-other = Ignorez cet e-mail. Le lien n’a été envoyé qu’à vous, et rien n’a été modifié. Ne le transmettez pas.

mail-bound-title = On peut désormais trouver un compte Matrix grâce à votre adresse e-mail
mail-bound-since = Depuis le { $time }, quiconque connaît déjà cette adresse e-mail peut trouver grâce à elle ce compte Matrix, sur { $server } :
mail-bound-fine = Si ce compte est le vôtre, il n’y a rien à faire. Vous pouvez retirer l’adresse à tout moment dans votre application Matrix.
mail-bound-undo = Un lien reçu dans un e-mail précédent a été ouvert, et on peut maintenant trouver quelqu’un d’autre grâce à votre adresse. Pour annuler cela, ouvrez le lien suivant et appuyez sur le bouton de la page. Vous n’avez pas besoin de compte :
mail-bound-lifetime = Le lien est valable tant que votre adresse permet de trouver ce compte.

mail-unbound-title = On ne peut plus trouver de compte Matrix grâce à votre adresse e-mail
mail-unbound-since = Depuis le { $time }, plus personne ne peut trouver ce compte Matrix grâce à cette adresse e-mail, sur { $server } :
mail-unbound-by-owner = L’adresse a été retirée, dans une application Matrix, par quelqu’un qui a montré qu’elle est la sienne.
mail-unbound-by-another = L’adresse a été ajoutée à un autre compte Matrix par quelqu’un qui a montré qu’elle est la sienne.
mail-unbound-by-user = L’adresse a été retirée par la personne qui utilise ce compte, sur la page de ce serveur consacrée à ses données.
mail-unbound-by-homeserver = L’adresse a été retirée par le serveur d’accueil du compte, comme il le fait quand la personne le demande ou ferme son compte.
mail-unbound-by-reader = L’adresse a été retirée au moyen d’un lien contenu dans un message qui lui avait été envoyé.
mail-unbound-by-operator = L’adresse a été retirée par les responsables de ce serveur.
mail-unbound-again = Il n’y a rien à faire. Si vous voulez de nouveau être trouvé grâce à cette adresse, ajoutez-la dans votre application Matrix.
mail-unbound-other = Quelqu’un d’autre a alors accès à un compte Matrix, ou à un jeton de ce compte. Si ce compte est le vôtre, changez votre mot de passe, déconnectez les appareils et applications que vous ne reconnaissez pas, puis déconnectez-vous partout sur cette page :

sms-code = { $code } est votre code pour { $server }. Valable { $minutes } min. Ne le donnez à personne.
sms-code-asks = Demandé par { $mxid }.
sms-bound = { $server } : on peut maintenant trouver un compte Matrix avec votre numéro.
sms-bound-undo = Pas vous ?
sms-unbound = { $server } : on ne peut plus trouver de compte Matrix avec votre numéro.
sms-notice-account = Compte : { $mxid }
sms-confirm = Pas vous ? N'appuyez pas sur le bouton. Pour voir vos données sur { $server } :
sms-opened = { $server } : quelqu'un peut maintenant voir toutes les adresses de votre compte Matrix.
sms-exported = { $server } : les données de votre compte Matrix ont été téléchargées.
sms-erased = { $server } : les données de votre compte Matrix ont été effacées.
sms-erasing = { $server } : les données de votre compte Matrix seront effacées d'ici 3 jours.
sms-added = { $server } : une autre adresse a été ajoutée à votre compte Matrix.
sms-removed = { $server } : une autre adresse a été retirée de votre compte Matrix.
sms-objected = { $server } : votre numéro est bloqué, on ne peut plus le trouver ni l'inviter.
sms-invite = { $mxid } vous invite à discuter sur Matrix. Pour voir l'invitation, ajoutez ce numéro à un compte Matrix, par exemple créé sur { $link }. Sinon, ignorez ce SMS.
sms-address = Votre lien pour voir ou effacer ce que { $server } conserve sur ce numéro. Valable 1 heure. Pas vous ? Ignorez ce SMS.

mail-invite-subject = Vous avez reçu une invitation à une conversation sur Matrix
mail-invite-title = Vous avez reçu une invitation à une conversation
mail-invite-asks = Quelqu’un souhaite discuter avec vous sur Matrix et nous a donné cette adresse e-mail pour vous joindre :
mail-invite-by = Nom choisi : { $name }
mail-invite-room = Salon : { $room }
mail-invite-space = Espace : { $room }
mail-invite-do = Ouvrez ce lien pour voir l’invitation et comment y répondre. Vous n’avez pas encore besoin de compte Matrix :
mail-invite-button = Voir l’invitation
mail-invite-other-app = Ou ajoutez cette adresse e-mail à un compte Matrix que vous avez déjà, dans n’importe quelle application. L’invitation y apparaîtra.
mail-invite-matrix = Matrix est un réseau ouvert de messages et d’appels. Comme pour l’e-mail, il existe de nombreux fournisseurs, et tout le monde peut se parler, quel que soit le fournisseur choisi.
mail-invite-other-title = Vous ne connaissez pas cette personne, ou cela ne vous intéresse pas ?
mail-invite-other = Dans ce cas, vous n’avez rien à faire. Personne ne saura si vous avez lu cet e-mail. N’importe qui peut choisir n’importe quel nom ; seul l’identifiant Matrix est fiable. Ne transmettez pas le lien : quiconque l’a peut accepter l’invitation à votre place.
mail-invite-lifetime = Nous conservons l’invitation et votre adresse { $span }, ou jusqu’à ce que vous acceptiez. Nous les effaçons ensuite.
mail-invite-object = Le lien ci-dessus vous permet aussi d’effacer immédiatement l’invitation et votre adresse, ou de nous dire que vous ne voulez plus jamais être invité.

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

# Addresses are masked until a link that was sent to one of them is confirmed; an erasure without that happens later.
page-you-locked = Les adresses de cette page sont masquées, car quelqu’un d’autre a pu se connecter à votre place. Pour les voir, faites envoyer un lien à l’une de vos adresses et ouvrez-le. D’ici là, vous ne pouvez ni les retirer, ni tout télécharger, ni tout effacer immédiatement.
page-you-partly-locked = Vous avez confirmé une adresse ajoutée au cours des trois derniers jours. D’ici la fin de ce délai, nous ne montrons que cette adresse. Pour tout voir maintenant, confirmez une adresse ajoutée plus tôt, si vous en avez une. Pour en retirer une autre, confirmez cette autre adresse.
page-you-confirm-button = M’envoyer un lien
page-you-erasure-due = Tout sera effacé :
page-you-erasure-link = Voir ou arrêter
page-you-erase-later-text = Vous n’avez pas confirmé vos adresses. Si vous avez encore accès à l’une d’elles, revenez en arrière et faites-y envoyer un lien : vous pourrez alors tout effacer immédiatement. Sinon, nous effaçons tout dans trois jours. Nous prévenons chacune de vos adresses, et quiconque lit l’une d’elles peut l’arrêter. Si l’une d’elles n’est pas la vôtre et que quelqu’un arrête ainsi l’effacement, adressez-vous aux responsables de ce serveur.
page-you-erase-later-lead = Dans trois jours, nous effaçons ce qui suit, sans retour possible :
page-you-erase-later-button = Tout effacer dans trois jours
page-you-said-link-sent = Nous vous avons envoyé un lien. Ouvrez-le d’ici une demi-heure et appuyez sur le bouton ; rechargez ensuite cette page.
page-you-said-link-not-sent = Rien n’a été envoyé : ce serveur n’envoie pas de SMS vers ce pays ou cette région. Choisissez une autre adresse.
page-you-said-too-many-links = Rien n’a été envoyé : trop de liens ont été demandés. Veuillez réessayer dans une heure.
page-you-said-locked = Confirmez d’abord l’une de vos adresses : faites-y envoyer un lien et ouvrez-le.
page-you-said-erasure-requested = Tout sera effacé dans trois jours. Nous avons prévenu vos adresses.
page-you-said-erasure-stopped = Rien ne sera effacé.
page-you-said-too-many-erasures = Rien n’a été demandé : vous avez demandé trop souvent un effacement. Veuillez réessayer demain.

page-unlock = Demandez-vous à voir vos données ?
page-unlock-text = Quelqu’un qui est connecté avec ce compte Matrix demande à voir toutes ses adresses :
page-unlock-by-app = Demandé par une application :
page-unlock-by-browser = Demandé dans un navigateur :
page-unlock-consequence = Si vous appuyez sur le bouton, cette personne pourra voir ici toutes les adresses e-mail et tous les numéros de téléphone de ce compte, tout télécharger et tout effacer. N’appuyez que si c’était vous, à l’instant.
page-unlock-button = Oui, c’était moi
page-unlock-deny-text = Quelqu’un d’autre a alors accès à votre compte Matrix, ou à un jeton de ce compte. Nous pouvons le déconnecter de ce serveur, avec toutes vos propres applications et sessions ici.
page-unlock-deny-button = Ce n’était pas moi : déconnecter tout le monde
page-unlock-done = C’est confirmé
page-unlock-done-text = Revenez là où vous avez demandé le lien, puis rechargez la page ou réessayez. Vous pouvez fermer cette page.
page-unlock-denied = Tout le monde a été déconnecté
page-unlock-denied-text = Plus personne ne peut voir ou effacer vos données avec une ancienne session. Si un effacement était demandé, il est arrêté, sauf si cette adresse a été ajoutée au cours des trois derniers jours. Changez le mot de passe de votre compte Matrix et déconnectez les appareils et applications que vous ne reconnaissez pas.
page-unlock-over = Ce lien a déjà servi
page-unlock-over-text = Ou bien la personne qui l’a demandé s’est déconnectée, ou l’adresse a été retirée du compte. S’il vous faut un autre lien, demandez-le là où vous êtes connecté.
page-unlock-expired-text = Un tel lien est valable une demi-heure. S’il vous en faut un autre, demandez-le là où vous êtes connecté.
page-unlock-broken-text = Il manque peut-être une partie du lien. Copiez le lien complet depuis le message.

page-erasure = Arrêter l’effacement ?
page-erasure-text = Quelqu’un qui est connecté avec ce compte Matrix nous a demandé d’effacer tout ce que nous conservons à son sujet :
page-erasure-requested = Demandé :
page-erasure-due = Aura lieu :
page-erasure-shut-out = Ce n’était pas moi. Déconnecter aussi de ce serveur toutes les applications et sessions de ce compte.
page-erasure-button = Arrêter l’effacement
page-erasure-leave = Si vous voulez que tout soit effacé, fermez cette page.
page-erasure-stopped = L’effacement est arrêté
page-erasure-stopped-text = Rien ne sera effacé. Vous pouvez fermer cette page.
page-erasure-shut-out-text = Rien ne sera effacé, et tout le monde a été déconnecté de ce serveur. Changez le mot de passe de votre compte Matrix et déconnectez les appareils et applications que vous ne reconnaissez pas.
page-erasure-over = Il n’y a rien à arrêter
page-erasure-over-text = L’effacement a déjà été arrêté, ou il a eu lieu.

mail-confirm-subject = Demandez-vous à { $server } de montrer vos données ?
mail-confirm-title = Est-ce bien vous ?
mail-confirm-asks = Le { $time }, quelqu’un qui est connecté avec ce compte Matrix a demandé à voir toutes ses adresses sur { $server } :
mail-confirm-do = Si c’était vous, ouvrez ce lien et appuyez sur le bouton de la page :
mail-confirm-button = Continuer
mail-confirm-other = Ne confirmez rien : la personne qui l’a demandé pourrait voir toutes les adresses de ce compte, tout télécharger et tout effacer. La page du lien vous permet aussi de la déconnecter.
mail-alert-why = Vous recevez cet e-mail parce que votre adresse permet, ou permettait, de trouver ce compte Matrix sur ce serveur. Ce n’est pas une lettre d’information.
mail-alert-fine = Si c’était vous, il n’y a rien à faire.
mail-alert-other = Quelqu’un d’autre a alors accès à votre compte Matrix, ou à un jeton de ce compte. Changez votre mot de passe, déconnectez les appareils et applications que vous ne reconnaissez pas, puis déconnectez-vous partout sur cette page :
mail-opened-title = Quelqu’un peut maintenant voir vos adresses sur { $server }
mail-opened-what = Le { $time }, un lien envoyé à une autre adresse de ce compte Matrix a été confirmé sur { $server }. La personne qui l’a demandé peut, pendant une demi-heure, voir toutes les adresses du compte, tout télécharger et tout effacer :
mail-exported-title = Vos données sur { $server } ont été téléchargées
mail-exported-what = Le { $time }, tout ce que { $server } conserve sur ce compte Matrix a été téléchargé, y compris ses adresses e-mail et numéros de téléphone. Nous vous en prévenons une fois par jour au plus :
mail-erased-title = Vos données sur { $server } ont été effacées
mail-erased-what = Le { $time }, tout ce que { $server } conservait sur ce compte Matrix a été effacé. Votre adresse ne permet plus de l’y trouver :
mail-erasing-title = Vos données sur { $server } vont être effacées
mail-erasing-what = Le { $time }, quelqu’un qui est connecté avec ce compte Matrix a demandé à { $server } d’effacer tout ce qu’il conserve sur ce compte :
mail-erasing-due = Cela aura lieu le { $time }, sauf si vous l’arrêtez.
mail-erasing-fine = Si c’était vous, il n’y a rien à faire.
mail-erasing-do = Pour l’arrêter, ouvrez ce lien et appuyez sur le bouton de la page. Vous n’avez pas besoin de compte :
mail-erasing-button = Arrêter l’effacement
mail-removed-title = Une adresse a été retirée de votre compte sur { $server }
mail-removed-what = Le { $time }, une autre adresse e-mail ou un autre numéro de téléphone a été retiré de ce compte Matrix sur { $server }, ou associé à un autre compte :
mail-objected-title = Votre adresse est désormais bloquée sur { $server }
mail-objected-what = Le { $time }, quelqu’un a déclaré à { $server } que cette adresse est la sienne et qu’elle ne doit ni être trouvée ni recevoir de messages. Désormais, personne ne peut l’y ajouter à un compte Matrix ni l’inviter. Cette personne était connectée avec ce compte Matrix :
mail-objected-other = Vous pouvez alors annuler cela : demandez un lien sur cette page, puis retirez l’opposition. Si ce compte est le vôtre, changez aussi son mot de passe et déconnectez les appareils et applications que vous ne reconnaissez pas.
mail-erasing-sign-in = Si ce n’était pas vous, vous pouvez l’arrêter : connectez-vous avec ce compte Matrix sur la page ci-dessous.
mail-added-title = Une adresse a été ajoutée à votre compte sur { $server }
mail-added-what = Le { $time }, une autre adresse e-mail ou un autre numéro de téléphone a été ajouté à ce compte Matrix sur { $server }. Dans trois jours, quiconque en lit les messages pourra s’en servir pour voir toutes les adresses du compte, tout télécharger et tout effacer :
mail-added-do = Pour retirer la nouvelle adresse et déconnecter tout le monde de ce serveur, ouvrez ce lien et appuyez sur le bouton de la page. Aucun compte n’est nécessaire :
mail-added-button = Retirer la nouvelle adresse
