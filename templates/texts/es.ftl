# Véase en.ftl.

page-language-name = Español
page-languages = Idioma
page-skip = Ir al contenido
page-tagline = Servidor de identidad de Matrix
page-contact = Contacto:
page-home = Inicio

page-home-lead = Con este servidor, quienes ya tienen su dirección de correo electrónico pueden encontrarle en Matrix, pero solo si usted quiere.
page-home-how = Cómo funciona
page-home-step-ask = En su aplicación de Matrix, usted pide que se le pueda encontrar por su dirección de correo electrónico.
page-home-step-prove = Enviamos un enlace a esa dirección. Al abrirlo, usted demuestra que la dirección es suya.
page-home-step-bind = Cuando lo confirme en la aplicación, se podrá encontrar su ID de Matrix por su dirección. Puede deshacerlo en cualquier momento.
page-home-privacy = Qué sabe de usted esta página
page-home-privacy-text = Nada. No guarda cookies, no ejecuta scripts y no carga nada de otros sitios.
page-home-server = Tampoco puede nadie explorar los datos de este servidor. Solo mostramos su ID de Matrix a quien busca exactamente su dirección, y limitamos cuántas direcciones puede buscar cada persona.
page-home-policies = Lo que usted acepta

page-policies = Condiciones y políticas
page-policies-none = Este servidor no le pide que acepte ningún documento.
page-policies-older = Versiones anteriores
page-policy-version = Versión { $version }
page-policy-in-force = Esta es la versión vigente.
page-policy-superseded = Esta es una versión anterior, que se conserva como referencia. La versión vigente es la { $version }:

page-retention = Qué guardamos y durante cuánto tiempo
page-retention-data = Datos
page-retention-kept = Cuánto tiempo se conservan
page-retention-session = Confirmación de una dirección
page-retention-session-kept = { $span } desde el último paso; después se borra en menos de una hora
page-retention-code = Código de un SMS
page-retention-code-kept = { $span }, o hasta { $tries } intentos fallidos
page-retention-token = Inicio de sesión de una aplicación
page-retention-token-kept = hasta que cierre la sesión, o { $span } sin uso
page-retention-binding = Vínculo entre una dirección y un ID de Matrix
page-retention-binding-kept = hasta que usted lo quite o lo borre
page-retention-consent = Registro de lo que usted aceptó
page-retention-consent-kept = mientras tenga una cuenta aquí, y después { $span }
page-retention-unbinding = Huella de la petición de un servidor base de quitar una dirección, y de la red de la que procede
page-retention-unbinding-kept = { $span } desde la última petición de ese tipo
page-retention-invite = Invitación enviada a una dirección
page-retention-invite-kept = { $span }; la dirección, solo hasta que se entregue la invitación
page-retention-key = Clave pública de una invitación
page-retention-key-kept = mientras la invitación esté pendiente, y después { $span }
page-retention-delivery = Invitación en camino a su servidor base
page-retention-delivery-kept = hasta que llegue, como máximo { $span }
page-retention-notice = Notificación en camino a su dirección
page-retention-notice-kept = hasta que llegue, como máximo { $span }
page-retention-openid = Huella de una prueba de su ID de Matrix
page-retention-openid-kept = { $span }, o mientras la prueba sea válida
page-retention-erasure = Borrado que ha pedido sin confirmar una dirección
page-retention-erasure-kept = hasta que se haga después de { $span }, o se detenga
page-retention-alert = Aviso a su dirección sobre lo que se hizo con sus datos
page-retention-alert-kept = hasta que llegue, como máximo { $span }, incluso después de un borrado
page-retention-visit = Sesión en las páginas sobre sus propios datos
page-retention-visit-kept = { $span }, o hasta que cierre la sesión
page-retention-objection = Huella de una dirección cuyo titular se ha opuesto
page-retention-objection-kept = hasta que se retire la oposición
page-retention-budget = Recuento de búsquedas y mensajes
page-retention-budget-kept = hasta que vuelva a cero, normalmente en un plazo de 100 días
page-retention-lookup = Lo que se buscó
page-retention-lookup-kept = dos semanas como máximo, cifrado; solo la aplicación que lo buscó puede hacer que se descifre
page-retention-audit = Registro de lo que se hizo con los datos, con seudónimos
page-retention-audit-kept = { $span }, aunque usted haga borrar sus datos
page-retention-log = Registro de accesos
page-retention-log-kept = { $kept ->
    [cut] sin personas ni direcciones; las direcciones IP se acortan
   *[none] ninguno
}

page-validated = Su dirección está confirmada
page-validated-text = Todavía no se ha publicado nada. Vuelva a su aplicación de Matrix para continuar. Puede cerrar esta página.
page-validated-again = Su dirección ya estaba confirmada
page-validated-again-text = Aquí no queda nada por hacer. Vuelva a su aplicación de Matrix para continuar. Puede cerrar esta página.
page-validated-expired = Este enlace ha caducado
page-validated-expired-text = Los enlaces solo sirven durante un tiempo limitado. Vuelva a su aplicación de Matrix y pida un correo nuevo.
page-validated-wrong = Este enlace no funciona
page-validated-wrong-text = Puede que falte una parte del enlace. Copie el enlace completo del correo o pida un correo nuevo en su aplicación de Matrix.

page-confirm = Confirme su dirección
page-confirm-text = Ha abierto un enlace de nuestro correo. Pulse el botón para confirmar que la dirección es suya.
page-confirm-button = Confirmar
page-confirm-leave = Si no lo ha pedido, cierre esta página. No ha pasado nada.

page-code-expired = Este código ha caducado
page-code-expired-text = Un código sirve durante poco tiempo y para pocos intentos. Vuelva a su aplicación de Matrix y pida un SMS nuevo.
page-code-wrong = Este código no es correcto
page-code-wrong-text = Compruebe el SMS: solo funciona el código más reciente. O pida otro en su aplicación de Matrix.

page-not-me = ¿No fue usted?
page-not-me-bound = En { $server }, se puede encontrar esta cuenta de Matrix por su dirección, porque alguien la confirmó:
page-not-me-bound-consequence = Si la cuenta no es suya, pulse el botón. Ya no se podrá encontrar a nadie por su dirección, y las confirmaciones anteriores dejarán de servir.
page-not-me-asked = Alguien ha pedido a { $server } que confirme su dirección para esta cuenta de Matrix:
page-not-me-asked-consequence = Si la cuenta no es suya, pulse el botón. Anularemos la petición. Si por ella ya se puede encontrar la cuenta por su dirección, también lo desharemos.
page-not-me-button = No fui yo
page-not-me-leave = Si la cuenta es suya, cierre esta página. No ha cambiado nada.
page-not-me-unbound = Se ha deshecho. El vínculo está eliminado
page-not-me-unbound-text = Ya no se puede encontrar esa cuenta de Matrix por su dirección. No queda nada por hacer. Puede cerrar esta página.
page-not-me-cancelled = La petición se ha anulado
page-not-me-cancelled-text = Esa cuenta de Matrix ya no puede usarla. No queda nada por hacer. Puede cerrar esta página.
page-not-me-settled = Ya no queda nada que deshacer
page-not-me-settled-text = Esto ya se deshizo o ha caducado. Si un mensaje posterior dice que por su dirección se puede encontrar una cuenta que no es suya, use el enlace de ese mensaje.
page-not-me-superseded = Este enlace ya no es válido
page-not-me-superseded-text = Desde entonces, su dirección se ha confirmado de nuevo. Si no fue usted, use el enlace del mensaje más reciente al respecto.
page-not-me-wrong-text = Puede que falte una parte del enlace. Copie el enlace completo del mensaje.
page-not-me-added = Se ha añadido otra dirección a esta cuenta de Matrix en { $server }:
page-not-me-added-consequence = Si no la añadió usted, pulse el botón. Entonces quitamos la nueva dirección y cualquier otra que se haya añadido en los tres días anteriores o desde entonces, cerramos en este servidor la sesión de todas las aplicaciones y sesiones de esta cuenta y detenemos un borrado que se haya pedido.
page-not-me-added-leave = Si la añadió usted, cierre esta página. No ha cambiado nada.
page-not-me-removed = La nueva dirección se ha quitado
page-not-me-removed-text = También se ha quitado cualquier otra dirección añadida en los tres días anteriores o desde entonces, y se han cerrado todas las sesiones en este servidor. Cambie la contraseña de su cuenta de Matrix y cierre la sesión de los dispositivos y aplicaciones que no reconozca. Después puede volver a añadir sus propias direcciones.
page-not-me-signed-out = Se han cerrado todas las sesiones
page-not-me-signed-out-text = La nueva dirección ya se había quitado. Si se había pedido un borrado, se ha detenido. Cambie la contraseña de su cuenta de Matrix y cierre la sesión de los dispositivos y aplicaciones que no reconozca.

page-missing = Página no encontrada
page-missing-text = Puede que la dirección esté mal escrita o que la página ya no exista.
page-wrong-method = Esta página no funciona así
page-wrong-method-text = Su navegador ha enviado una solicitud que esta página no acepta. Abra la página desde un enlace, o vuelva atrás e inténtelo de nuevo.
page-unavailable = No podemos responder en este momento
page-unavailable-text = El servidor volverá en breve. Inténtelo de nuevo dentro de un minuto.
page-too-often = Ha abierto esta página demasiadas veces
page-too-often-text = Inténtelo de nuevo dentro de un minuto.

# Iniciar sesión.
page-sign-in = Iniciar sesión
page-sign-in-failed = No se ha podido iniciar sesión
page-sign-in-lead = Inicie sesión con su cuenta de Matrix para ver, modificar o borrar lo que este servidor guarda sobre usted.
page-sign-in-for-export = Inicie sesión de nuevo antes de descargar todo lo que guardamos sobre usted. Así sus datos siguen protegidos si otra persona encuentra su dispositivo desbloqueado.
page-sign-in-for-erase = Inicie sesión de nuevo antes de que borremos todo lo que guardamos sobre usted. Así sus datos siguen protegidos si otra persona encuentra su dispositivo desbloqueado.
page-sign-in-without-script = Para iniciar sesión, su navegador habla directamente con su servidor base, de modo que nunca vemos su contraseña. Para eso hace falta JavaScript, que está desactivado. Si solo se trata de una dirección de correo, el enlace de abajo funciona sin él. También puede preguntar a los responsables de este servidor.
page-sign-in-mxid = Su ID de Matrix
page-sign-in-mxid-hint = Tiene la forma @anna:example.org. Lo encontrará en los ajustes de su aplicación de Matrix.
page-sign-in-next = Continuar
page-sign-in-password = Su contraseña de Matrix
page-sign-in-password-hint = Va solo a su servidor base, nunca a nosotros.
page-sign-in-with-password = Iniciar sesión con contraseña
page-sign-in-oauth = Iniciar sesión en { $server }
page-sign-in-sso = Inicio de sesión único en { $server }
page-sign-in-sso-hint = El inicio de sesión único abre una página de { $server }. Si la página es de otro servidor, ciérrela: de lo contrario, { $server } podría usar la cuenta que usted tiene allí.
page-sign-in-device = Inicio de sesión temporal en { $name }
page-sign-in-asking = Buscando su servidor base…
page-sign-in-leaving = Pasando a { $server }…
page-sign-in-signing-in = Iniciando sesión…
page-sign-in-choose = Hemos encontrado { $server }. Inicie sesión:
page-sign-in-how = Qué ocurre después
page-sign-in-how-password = Su navegador inicia sesión en su propio servidor base. No vemos ni su contraseña ni sus mensajes.
page-sign-in-how-token = Su servidor base emite una prueba de corta duración de su ID de Matrix, y su navegador cierra allí la sesión enseguida. Nosotros solo recibimos la prueba.
page-sign-in-how-kept = Iniciar sesión no crea aquí ninguna cuenta. Su sesión termina automáticamente al poco tiempo, o cuando usted la cierre.
page-sign-in-other = ¿No tiene cuenta de Matrix?
page-sign-in-other-text = Aun así, alguien puede haber introducido aquí su dirección de correo.
page-sign-in-other-link = Ver lo que guardamos sobre una dirección de correo
page-sign-in-mistyped = Este no es un ID de Matrix válido. Tiene la forma @anna:example.org: un nombre, dos puntos y el nombre de un servidor base.
page-sign-in-unreachable = { $server } no responde. Compruebe cómo está escrito y su conexión. Si todo está bien, puede que el servidor base no esté disponible o no admita navegadores. Inténtelo más tarde o pregunte a sus responsables.
page-sign-in-misconfigured = { $server } no indica correctamente dónde está su servidor base. Solo sus responsables pueden arreglarlo.
page-sign-in-no-homeserver = No hay ningún servidor base de Matrix en { $server }. Compruebe la parte de su ID de Matrix que sigue a los dos puntos.
page-sign-in-no-way = { $server } no ofrece ninguna forma de iniciar sesión compatible con esta página. Pregunte a los responsables de este servidor.
page-sign-in-wrong-password = El ID de Matrix o la contraseña no son correctos. Inténtelo de nuevo.
page-sign-in-deactivated = Esta cuenta se cerró en su servidor base. Pregunte a los responsables de este servidor.
page-sign-in-wait = { $server } ha recibido demasiadas peticiones. Inténtelo de nuevo dentro de { $seconds } s.
page-sign-in-refused = { $server } ha rechazado el inicio de sesión. Inténtelo de nuevo, o de otra forma si la hay.
page-sign-in-cancelled = No ha iniciado sesión en { $server }. No ha pasado nada y puede intentarlo de nuevo.
page-sign-in-stale = Ha pasado demasiado tiempo, o empezó en otra ventana. Inicie sesión de nuevo.
page-sign-in-mixed-up = { $server } le envía al servidor de otra persona para iniciar sesión. Nos hemos detenido, porque entonces podría usar la cuenta que usted tiene allí. Solo sus operadores pueden corregirlo.
page-sign-in-stranger = Ha iniciado sesión con una cuenta que no está en { $server }. Introduzca el ID de Matrix con el que inicia sesión.
page-sign-in-broken = Su navegador no ha podido completar el inicio de sesión. Inténtelo de nuevo o use otro navegador más reciente.
page-sign-in-unreadable = Esta petición no vino de nuestra página de inicio de sesión, o está incompleta. Inicie sesión de nuevo.
page-sign-in-not-vouched = Su servidor base no ha confirmado quién es usted. Inicie sesión de nuevo. Si eso no ayuda, pregunte a sus responsables.
page-sign-in-blocked = Los usuarios de este servidor base no pueden usar este servidor. Si cree que es un error, o si quiere sus datos, pregunte a los responsables de este servidor.
page-sign-in-too-often = Ha habido demasiados intentos de inicio de sesión desde su red. Inténtelo más tarde.
page-sign-in-homeserver-away = No hemos podido preguntar a su servidor base quién es usted. Inténtelo de nuevo dentro de unos minutos.

# Tras el enlace del correo sobre una invitación.
page-invited-names = Cualquiera puede elegir cualquier nombre. Fíese solo del ID de Matrix.
page-invited-matrix = ¿Qué es Matrix?
page-invited-answer = Cómo responder
page-invited-answer-text = Abra la invitación en su navegador. Allí puede unirse con su cuenta de Matrix, o crear una si aún no la tiene. No comparta este enlace: quien lo tenga puede aceptar en su lugar.
page-invited-open = Abrir la invitación en { $app }
page-invited-elsewhere = También puede abrirla en otra aplicación web:
page-invited-apps = En su propia aplicación
page-invited-apps-text = Hay muchas aplicaciones de Matrix para teléfonos y ordenadores, por ejemplo Element, SchildiChat, FluffyChat, Cinny y Nheko.
page-invited-apps-address = Añada esta dirección de correo electrónico a su cuenta de Matrix y permita que se le encuentre por ella en { $server }. En Element, por ejemplo, puede hacerlo en los ajustes. La invitación aparecerá entonces en todas las aplicaciones donde use esa cuenta.
page-invited-address = Qué pasa con su dirección
page-invited-address-text = La guardamos cifrada con esta invitación hasta el { $date } y no la usamos para nada más. La borramos antes si la añade a una cuenta de Matrix o si borra aquí la invitación.
page-invited-refuse-text = Entonces no tiene que hacer nada. Nadie sabrá si ha abierto esta página. Si quiere zanjarlo ya, pulse uno de estos botones. Tampoco de eso se enterará nadie.
page-invited-decline = Borrar esta invitación
page-invited-decline-text = Borramos esta invitación y, con ella, su dirección. Podrán invitarle de nuevo.
page-invited-object = No incluirme ni invitarme nunca
page-invited-object-text = Borramos todas las invitaciones pendientes para su dirección. Después ya no le invitamos, y no se podrá encontrar a nadie por su dirección. Puede retirar su oposición en cualquier momento.
page-invited-declined = La invitación se ha borrado
page-invited-declined-text = Con ella hemos borrado su dirección. No queda nada por hacer. Puede cerrar esta página.
page-invited-objected = No recibirá más invitaciones
page-invited-objected-text = Ya no enviamos invitaciones a su dirección, y no se puede encontrar a nadie por ella. Se han borrado todas las invitaciones pendientes.
page-invited-delivered = Esta invitación se ha entregado
page-invited-delivered-text = Su dirección se añadió a una cuenta de Matrix y la invitación se envió allí. Búsquela en su aplicación de Matrix. Si la cuenta no es suya, use el enlace del correo que se lo comunicó.
page-invited-over = Esta invitación ya no es válida
page-invited-over-text = Se borró o ha caducado. Su dirección se borró con ella.
page-invited-own = Para ver qué más guardamos sobre su dirección, oponerse o retirar una oposición, vaya aquí:
page-invited-own-link = Su dirección en este servidor

# Gestionar una dirección sin cuenta.
page-address = Lo que guardamos sobre su dirección
page-address-lead = Vea lo que este servidor guarda sobre su dirección de correo electrónico o su número de teléfono, haga que se borre u opóngase a las invitaciones. No necesita ninguna cuenta.
page-address-lead-email = Vea lo que este servidor guarda sobre su dirección de correo electrónico, haga que se borre u opóngase a las invitaciones. No necesita ninguna cuenta.
page-address-field = Su dirección de correo electrónico o número de teléfono
page-address-field-email = Su dirección de correo electrónico
page-address-hint = Introduzca un número de teléfono con el signo más y el prefijo del país, por ejemplo +34 612 34 56 78.
page-address-button = Enviarme un enlace
page-address-next = Le enviamos un mensaje con un enlace. Al abrirlo, usted demuestra que la dirección es suya y puede ver lo que guardamos sobre ella.
page-address-secrecy = Esta página dice lo mismo para todas las direcciones, guardemos algo sobre ellas o no.
page-address-wrong = Esta no es una dirección válida
page-address-wrong-text = Introduzca una dirección de correo electrónico, como alice@example.org, o un número de teléfono que empiece por el signo más.
page-address-wrong-email-text = Introduzca una dirección de correo electrónico, como alice@example.org.
page-address-unreached-text = Este servidor no envía SMS a ese país o región, sea cual sea el número.
page-address-sent = Mire sus mensajes
page-address-sent-text = Si podemos llegar a esa dirección, en los próximos minutos recibirá un mensaje con un enlace. El enlace sirve durante una hora. Si no llega nada, mire en el correo no deseado o inténtelo más tarde: una dirección solo puede recibir unos pocos mensajes de este tipo por hora.
page-address-busy = Espere un poco, por favor
page-address-busy-text = Se han pedido demasiados mensajes, desde su red o en todo este servidor. Inténtelo de nuevo dentro de una hora.
page-address-again = Pedir un enlace nuevo
page-address-open = ¿Es esta su dirección?
page-address-open-text = Ha abierto un enlace que se envió a una dirección. Pulse el botón para ver lo que guardamos sobre esa dirección.
page-address-open-button = Ver lo que se guarda
page-address-open-leave = Una cookie mantiene entonces su sesión abierta un rato. Si no ha pedido este enlace, cierre esta página. No ha pasado nada.
page-address-expired = Este enlace ha caducado
page-address-expired-text = Un enlace de este tipo sirve durante una hora.
page-address-broken-text = Puede que falte una parte del enlace. Copie el enlace completo del mensaje o pida uno nuevo.
page-address-left = Ha cerrado la sesión. Este navegador ya no puede ver lo que guardamos sobre su dirección.
page-address-erased = Se ha borrado todo. Si se ha opuesto, solo guardamos su oposición.

page-held = Lo que guardamos sobre su dirección
page-held-lead = Esto es todo lo que este servidor guarda sobre { $address }.
page-held-alone = Esta página trata solo de esta dirección, no de otras que pueda tener.
page-held-over = Su sesión ha terminado
page-held-over-text = No se ha cambiado nada. Para ver lo que guardamos sobre su dirección, pida un enlace nuevo y ábralo en este navegador.
page-held-binding = A quién se encuentra por ella
page-held-unbound = A nadie.
page-held-unbind = Quitar este vínculo
page-held-unbind-text = Entonces no se podrá encontrar a nadie por su dirección. También se anulan las confirmaciones anteriores.
page-held-confirmations = Quién ha pedido confirmarla
page-held-confirmation-asked = no confirmada; pedida el
page-held-confirmation-proved = confirmada el
page-held-confirmation-homeserver = Un servidor base, para uno de sus usuarios
page-held-cancel = Anular estas peticiones
page-held-cancel-text = Entonces nadie podrá usarlas para que se le encuentre por su dirección.
page-held-invitations = Invitaciones pendientes
page-held-invitation = le invitó el
page-held-uninvite = Borrar las invitaciones
page-held-uninvite-text = No se avisa a quienes le han invitado.
page-held-deliveries = En camino
page-held-delivery-notice = una notificación para usted sobre esta cuenta, desde el
page-held-delivery-onbind = una invitación por transmitir a esta cuenta, desde el
page-held-objection = No incluirme ni invitarme nunca
page-held-objects = Usted se opone desde el
page-held-objects-text = No se puede encontrar a nadie por esta dirección, y no le enviamos confirmaciones ni invitaciones.
page-held-object = Me opongo
page-held-object-text = Si se opone, ya no se podrá encontrar a nadie por esta dirección, y no le enviaremos confirmaciones ni invitaciones. Borramos lo que figura arriba y guardamos solo una huella de la dirección para reconocerla. Puede retirar su oposición en esta página en cualquier momento.
page-held-withdraw = Ya no me opongo
page-held-withdraw-text = Entonces la dirección podrá volver a confirmarse y recibir invitaciones.
page-held-download = Descargar
page-held-download-text = Todo lo que hay en esta página en un solo archivo (JSON), para usted o para un programa.
page-held-download-button = Descargar
page-held-erase = Borrar todo
page-held-erase-text = Borramos de inmediato todo lo que hay en esta página, y su sesión termina. Solo se conserva una oposición: sin ella, podrían volver a invitarle.
page-held-erase-sure = Sí, borrar todo. No se puede deshacer.
page-held-erase-button = Borrar todo
page-held-leave = Cerrar sesión
page-held-leave-text = Su sesión termina automáticamente al poco tiempo. Si otras personas usan este dispositivo, ciérrela ahora.
page-held-leave-button = Cerrar mi sesión
page-held-done-unbound = Ya no se puede encontrar a nadie por su dirección
page-held-done-cancelled = Las peticiones se han anulado
page-held-done-uninvited = Las invitaciones se han borrado
page-held-done-objected = Su oposición se ha registrado
page-held-done-withdrawn = Su oposición se ha retirado
page-held-stale = Aún no se ha hecho nada. Para esto necesita un enlace que haya abierto en los últimos cinco minutos.
page-held-unsure = No se ha borrado nada. Marque antes la casilla.
page-object-text = Si se opone, ya no se podrá encontrar a nadie por su dirección, y no le enviaremos confirmaciones ni invitaciones. Borramos lo que guardamos sobre ella y conservamos solo una huella para reconocerla. Puede retirar su oposición en cualquier momento.
page-object-expired = Un enlace de este tipo sirve durante 60 días. Para oponerse, pida uno nuevo.
page-object-superseded = Esta dirección se añadió a una cuenta de Matrix después de enviarse ese mensaje, por lo que su enlace ya no sirve. Para oponerse, pida uno nuevo.

# Lo que las personas ven de sus propios datos y pueden hacer con ellos (/you).
page-month = { $month ->
    [1] enero
    [2] febrero
    [3] marzo
    [4] abril
    [5] mayo
    [6] junio
    [7] julio
    [8] agosto
    [9] septiembre
    [10] octubre
    [11] noviembre
   *[12] diciembre
}
page-moment = { $day } de { $month } de { $year }, { $time } UTC
page-moment-day = { $day } de { $month } de { $year }
page-you = Sus datos
page-you-lead = Esto es todo lo que { $server } guarda sobre usted.
page-you-nothing = { $server } no guarda nada sobre usted, salvo esta sesión, que termina automáticamente.
page-you-account-since = con cuenta aquí desde el
page-you-since = desde el
page-you-none = Ninguna.
page-you-sign-out = Cerrar sesión
page-you-addresses = Direcciones por las que se le puede encontrar
page-you-addresses-none = No se le puede encontrar por ninguna dirección.
page-you-addresses-text = Quien ya conoce una de estas direcciones puede encontrar por ella su ID de Matrix.
page-you-unbind = Quitar { $address }
page-you-unbind-text = Desde ese momento nadie podrá encontrarle por esta dirección. Avisamos a la dirección de que se ha quitado. Puede añadirla de nuevo en su aplicación en cualquier momento.
page-you-unbind-button = Quitar esta dirección
page-you-unbind-all = Quitar todas las direcciones
page-you-unbind-all-text = Desde ese momento nadie podrá encontrarle en este servidor por ninguna dirección. Avisamos a cada dirección de que se ha quitado.
page-you-unbind-all-button = Quitarlas todas
page-you-policies = Lo que usted ha aceptado
page-you-policy-agreed = Usted ha aceptado la versión vigente.
page-you-policy-withdrawn = Usted ha retirado su consentimiento. Las aplicaciones no podrán usar este servidor para usted hasta que vuelva a aceptar en esta página.
page-you-policy-renewed = Hay una versión nueva que usted no ha aceptado.
page-you-policy-open = Usted no ha aceptado este documento.
page-you-policy-former = Este documento ya no se usa aquí.
page-you-record-document = Documento
page-you-record-accepted = Aceptado
page-you-record-withdrawn = Retirado
page-you-record-sha256 = Huella (SHA-256)
page-you-read = Leer:
page-you-changes = Qué ha cambiado desde la versión que usted aceptó
page-you-accept = Acepto la versión { $version }
page-you-withdraw = Retirar mi consentimiento: { $name }
page-you-withdraw-text = Sus aplicaciones ya no podrán usar este servidor para usted, y no podrán deshacerlo. Solo usted puede, en esta página. Se le podrá seguir encontrando por sus direcciones hasta que las quite.
page-you-withdraw-button = Retirar mi consentimiento
page-you-withdraw-all = Retirar todo lo que he aceptado
page-you-withdraw-all-button = Retirar todo
page-you-apps = Aplicaciones con sesión iniciada
page-you-apps-none = Ninguna de sus aplicaciones tiene una sesión iniciada aquí.
page-you-apps-text = Sabemos cuándo inició sesión aquí cada una de sus aplicaciones y qué día estuvo activa por última vez. No sabemos qué aplicación es.
page-you-app-since = Sesión iniciada el
page-you-app-used = usada por última vez el
page-you-visits = Sus sesiones abiertas en estas páginas, entre ellas esta. Comenzaron el:
page-you-sign-out-everywhere = Cerrar todas las sesiones
page-you-sign-out-everywhere-text = Se cierra en este servidor la sesión de todas sus aplicaciones y todas sus demás sesiones. Una aplicación vuelve a iniciar sesión automáticamente cuando lo necesita. Su cuenta de Matrix no se ve afectada.
page-you-sign-out-everywhere-button = Cerrar todas las sesiones ahora
page-you-busy-text = Si no ha abierto esta página muchas veces, puede que otra persona haya iniciado sesión en este servidor en su nombre.
page-you-confirmations = Confirmaciones en curso
page-you-confirmed = confirmada el
page-you-asked = pedida el
page-you-invitations = Invitaciones que usted ha enviado
page-you-invitation-delivered = Entregada; la dirección se ha borrado
page-you-invitation-room = a
page-you-deliveries = En camino
page-you-delivery-notice = Notificación a
page-you-delivery-invitation = Invitación por transmitir para
page-you-export = Descargar
page-you-export-text = Todo lo que hay en esta página en un solo archivo (JSON), para usted o para otro servicio. Si inició sesión hace más de cinco minutos, o ya ha usado ese inicio de sesión, le pedimos que lo haga de nuevo.
page-you-export-button = Descargar todo
page-you-erase = Borrar todo
page-you-erase-text = Borramos todo lo que este servidor guarda sobre usted. Antes le mostramos qué es y volvemos a preguntar.
page-you-erase-link = Ver qué se borrará
page-you-erase-title = ¿Borrar todo?
page-you-erase-wrong-title = No se ha borrado nada: ese no es su ID de Matrix
page-you-erase-lead = Borramos de inmediato lo siguiente, y no se puede recuperar:
page-you-erase-effect = Nadie podrá encontrarle ya por sus direcciones, las invitaciones pendientes se pierden y se cierra la sesión de todas sus aplicaciones en este servidor. Avisamos a sus direcciones de que se ha borrado todo, y después las olvidamos.
page-you-erase-kept = Conservamos el registro de lo que aceptó durante { $span } más, sin su nombre. También conservamos los recuentos de búsquedas y mensajes hasta que vuelvan a cero.
page-you-erase-account = Su cuenta de Matrix no se ve afectada. Solo este servidor le olvida.
page-you-erase-confirmation = Su ID de Matrix
page-you-erase-hint = Para confirmar, escríbalo exactamente como figura arriba.
page-you-erase-wrong = Este no es su ID de Matrix tal como figura arriba. No se ha borrado nada.
page-you-erase-button = Borrar todo ahora
page-you-erase-leave = Volver sin borrar nada
page-you-erased = Se ha borrado todo
page-you-erased-text = { $server } ha borrado lo siguiente sobre usted. Esta sesión también ha terminado.
page-you-erased-kept = { $count ->
    [one] 1 registro de lo que aceptó se conserva, sin su nombre, hasta el
   *[other] { $count } registros de lo que aceptó se conservan, sin su nombre, hasta el
}
page-you-count-account = { $count ->
    [one] 1 cuenta en este servidor
   *[other] { $count } cuentas en este servidor
}
page-you-count-bindings = { $count ->
    [one] 1 vínculo entre una dirección y usted
   *[other] { $count } vínculos entre direcciones y usted
}
page-you-count-tokens = { $count ->
    [one] 1 inicio de sesión de una aplicación
   *[other] { $count } inicios de sesión de aplicaciones
}
page-you-count-sessions = { $count ->
    [one] 1 confirmación de una dirección
   *[other] { $count } confirmaciones de direcciones
}
page-you-count-invitations = { $count ->
    [one] 1 invitación que usted envió
   *[other] { $count } invitaciones que usted envió
}
page-you-count-deliveries = { $count ->
    [one] 1 mensaje en camino
   *[other] { $count } mensajes en camino
}
page-you-count-visits = { $count ->
    [one] 1 sesión en estas páginas
   *[other] { $count } sesiones en estas páginas
}
page-you-receipt = Su recibo
page-you-receipt-text = Guárdelo ahora, porque no conservamos ninguna copia. Está firmado por este servidor, para que pueda mostrarlo más tarde a quien quiera.
page-you-receipt-button = Descargar el recibo
page-you-left = Ha cerrado la sesión
page-you-left-text = Este navegador ya no muestra sus datos. Puede cerrar esta página.
page-you-refused = No se ha cambiado nada
page-you-refused-text = Su sesión ha terminado, o esta petición no vino de la página correcta. Abra de nuevo la página sobre sus datos.
page-you-said-accepted = Su consentimiento se ha registrado.
page-you-said-outdated = No se ha registrado nada: esa versión ya no está vigente. Lea la nueva.
page-you-said-withdrawn = Su consentimiento se ha retirado. Las aplicaciones ya no pueden usar este servidor para usted.
page-you-said-unbound = La dirección se ha quitado. Ya no se le puede encontrar por ella.
page-you-said-not-bound = No se ha cambiado nada: no se le puede encontrar por esa dirección.
page-you-said-all-unbound = Se han quitado todas las direcciones. Ya no se le puede encontrar por ninguna.
page-you-said-signed-out = Se ha cerrado la sesión de todas sus aplicaciones y todas sus demás sesiones.
page-you-said-ready = Acaba de iniciar sesión: ya puede descargar todo.
page-you-said-later = Ha alcanzado el límite de descargas. Inténtelo de nuevo dentro de una hora.

# Qué ha cambiado en un documento.
page-changes = Qué ha cambiado
page-changes-title = { $name }: qué ha cambiado
page-changes-span = De la versión { $older } a la versión { $newer }
page-changes-since = Qué ha cambiado desde la versión { $version }
page-changes-key = El texto quitado está tachado; el texto añadido está subrayado.
page-changes-removed = Quitado:
page-changes-added = Añadido:
page-changes-gap = { $count ->
    [one] 1 pasaje sin cambios
   *[other] { $count } pasajes sin cambios
}
page-changes-none = No ha cambiado nada: el texto es el mismo en ambas versiones.
page-changes-apart = La versión { $version } no existe en este idioma, así que no se pueden comparar aquí. Lea las dos o elija otro idioma.
page-changes-whole = El texto completo
page-retention-link = Qué guardamos
page-retention-lead = Esto es lo que se aplica actualmente en este servidor.
page-imprint = Aviso legal

# Adónde ir desde la página de inicio, y quién administra el servidor.
page-home-go = Qué puede hacer aquí
page-home-you = Sus datos
page-home-you-text = Inicie sesión con su cuenta de Matrix para ver lo que guardamos sobre usted, descargarlo o borrarlo.
page-home-address = Gestionar una dirección sin cuenta
page-home-address-text = Enviamos un enlace a su dirección. Con él puede ver lo que guardamos sobre ella, quitarla o no volver a recibir invitaciones nunca.
page-home-retention-text = La tabla actual de plazos de conservación.
page-home-cookie = Usamos una sola cookie, y solo después de que usted haya iniciado sesión en «Sus datos» o abierto el enlace de «Gestionar una dirección sin cuenta». Dura lo que dura esa sesión. Solo la página de inicio de sesión tiene un script: habla con su servidor base, de modo que su contraseña nunca nos llega.
page-home-who = Quién administra este servidor
page-home-run-by = Este servidor lo administra { $name }.

# Qué ocurre después de confirmar una dirección, y quién lo pidió.
page-validated-next = Qué ocurre después
page-validated-step-app = Vuelva a su aplicación de Matrix.
page-validated-step-bind = Indique allí que quiere que se le encuentre por su dirección. Hasta entonces, no se podrá encontrar su ID de Matrix por ella.
page-validated-step-notice = Después enviamos una notificación a la dirección, con un enlace para deshacerlo.
page-validated-who = Quién lo pidió
page-validated-asked = Esta cuenta de Matrix nos pidió que confirmáramos su dirección:
page-validated-other = ¿La cuenta no es suya? Anule la petición:
page-validated-continue = Continuar a { $host }
page-validated-address = ¿Qué guardamos sobre su dirección? Véalo aquí:

mail-validation-subject = Confirme su dirección de correo electrónico para { $server }
mail-validation-title = ¿Es esta su dirección de correo electrónico?
mail-validation-asks = Alguien ha pedido a { $server } que confirme que esta dirección de correo electrónico es suya. Usa esta cuenta de Matrix:
mail-matrix-id = ID de Matrix: { $mxid }
mail-homeserver = Servidor base: { $homeserver }
mail-validation-do = Si fue usted, abra este enlace y vuelva después a su aplicación:
mail-validation-button = Confirmar mi dirección
mail-validation-copy = Si el botón no funciona, copie este enlace en su navegador:
mail-validation-lifetime = El enlace sirve durante { $span }.
mail-validation-other-title = ¿No fue usted?
mail-validation-other = No abra el enlace y borre este correo. Si nadie abre el enlace, no se publica nada y borramos la petición. Si lo abre, se podría encontrar a esa persona por la dirección de usted.
mail-validation-cancel = Si ya lo ha abierto, o si quiere anular la petición de inmediato, hágalo aquí:
mail-contact = ¿Preguntas? { $contact }
mail-why = Recibe este correo porque alguien introdujo su dirección. No es un boletín.
mail-notice-why = Recibe este correo porque este servidor avisa a una dirección siempre que se puede, o ya no se puede, encontrar por ella una cuenta de Matrix. No es un boletín.

mail-object = Si quiere que este servidor no incluya ni invite nunca su dirección, díganoslo aquí:
mail-address-subject = Vea lo que { $server } guarda sobre su dirección
mail-address-title = Su enlace
mail-address-asks = Alguien ha pedido, en una página de { $server }, ver lo que guardamos sobre esta dirección de correo electrónico. Si fue usted, puede verlo, borrarlo u oponerse a las invitaciones.
mail-address-do = Abra este enlace y pulse el botón de la página. No necesita ninguna cuenta:
mail-address-button = Ver lo que se guarda
mail-address-other = Ignore este correo. El enlace se ha enviado solo a usted, y no se ha cambiado nada. No lo comparta.

mail-bound-title = Ahora se puede encontrar una cuenta de Matrix por su dirección de correo electrónico
mail-bound-since = Desde el { $time }, quien ya conoce esta dirección de correo electrónico puede encontrar por ella esta cuenta de Matrix, en { $server }:
mail-bound-fine = Si la cuenta es suya, no hay nada que hacer. Puede quitar la dirección en cualquier momento en su aplicación de Matrix.
mail-bound-undo = Se abrió un enlace de un correo anterior, y ahora se puede encontrar a otra persona por su dirección. Para deshacerlo, abra el siguiente enlace y pulse el botón de la página. No necesita ninguna cuenta:
mail-bound-lifetime = El enlace sirve mientras se pueda encontrar esa cuenta por su dirección.

mail-unbound-title = Ya no se puede encontrar ninguna cuenta de Matrix por su dirección de correo electrónico
mail-unbound-since = Desde el { $time }, ya no se puede encontrar esta cuenta de Matrix por esta dirección de correo electrónico, en { $server }:
mail-unbound-by-owner = La dirección la quitó, en una aplicación de Matrix, alguien que ha demostrado que es suya.
mail-unbound-by-another = La dirección la añadió a otra cuenta de Matrix alguien que ha demostrado que es suya.
mail-unbound-by-user = La dirección la quitó la persona que usa esa cuenta, en la página de este servidor sobre sus datos.
mail-unbound-by-homeserver = La dirección la quitó el servidor base de la cuenta, como hace cuando la persona se lo pide o cierra la cuenta.
mail-unbound-by-reader = La dirección se quitó mediante un enlace de un mensaje anterior enviado a ella.
mail-unbound-by-operator = La dirección la quitaron los responsables de este servidor.
mail-unbound-again = No hay nada que hacer. Si quiere que se le vuelva a encontrar por esta dirección, añádala en su aplicación de Matrix.
mail-unbound-other = Entonces otra persona tiene acceso a una cuenta de Matrix o a un token de ella. Si la cuenta es suya, cambie su contraseña, cierre la sesión de los dispositivos y aplicaciones que no reconozca y, después, cierre la sesión en todas partes en esta página:

# Sin á, í, ó ni ú, que no están en GSM 03.38.
sms-code = { $code } es su clave para { $server }. Vale { $minutes } min. No la comparta.
sms-code-asks = La pide { $mxid }.
sms-bound = { $server }: ahora se puede encontrar una cuenta de Matrix por su teléfono.
sms-bound-undo = ¿No fue usted?
sms-unbound = { $server }: ya no se puede encontrar una cuenta de Matrix por su teléfono.
sms-notice-account = Cuenta: { $mxid }
sms-confirm = ¿No fue usted? No pulse nada. Si pide a { $server } ver sus datos, abra:
sms-opened = { $server }: alguien puede ver ahora todas las direcciones de su cuenta de Matrix.
sms-exported = { $server }: alguien ha descargado los datos de su cuenta de Matrix.
sms-erased = { $server }: los datos de su cuenta de Matrix se han borrado.
sms-erasing = { $server }: los datos de su cuenta de Matrix se borran en menos de 72 horas.
sms-added = { $server }: se ha añadido un correo o teléfono nuevo a su cuenta de Matrix.
sms-removed = { $server }: se ha quitado otro correo o teléfono de su cuenta de Matrix.
sms-objected = { $server }: se ha bloqueado su teléfono; ya no se puede encontrar ni invitar.
sms-invite = { $mxid } le invita a conversar en Matrix. Para verlo, agregue este teléfono a una cuenta de Matrix, por ejemplo una creada en { $link }. Si no le interesa, ignore este SMS.
sms-address = Su enlace para ver o borrar lo que { $server } guarda de este teléfono. Vale 1 hora. ¿No fue usted? Ignore este SMS.

mail-invite-subject = Tiene una invitación a una conversación en Matrix
mail-invite-title = Tiene una invitación a una conversación
mail-invite-asks = Alguien quiere hablar con usted en Matrix y nos ha dado esta dirección de correo electrónico para contactarle:
mail-invite-by = Nombre elegido: { $name }
mail-invite-room = Sala: { $room }
mail-invite-space = Espacio: { $room }
mail-invite-do = Abra este enlace para ver la invitación y cómo responder. Aún no necesita una cuenta de Matrix:
mail-invite-button = Ver la invitación
mail-invite-other-app = O añada esta dirección de correo electrónico, en cualquier aplicación, a una cuenta de Matrix que ya tenga. La invitación aparecerá allí.
mail-invite-matrix = Matrix es una red abierta de mensajes y llamadas. Como el correo electrónico, tiene muchos proveedores, y todas las personas pueden hablar entre sí, sea cual sea su proveedor.
mail-invite-other-title = ¿No conoce a esta persona o no le interesa?
mail-invite-other = Entonces no tiene que hacer nada. Nadie sabrá si ha leído este correo. Cualquiera puede elegir cualquier nombre; fíese solo del ID de Matrix. No comparta el enlace: quien lo tenga puede aceptar la invitación en su lugar.
mail-invite-lifetime = Guardamos la invitación y su dirección durante { $span }, o hasta que acepte. Después las borramos.
mail-invite-object = Con el enlace de arriba también puede borrar de inmediato la invitación y su dirección, o decirnos que no quiere recibir nunca más invitaciones.

span-minutes = { $count ->
    [one] 1 minuto
   *[other] { $count } minutos
}
span-hours = { $count ->
    [one] 1 hora
   *[other] { $count } horas
}
span-days = { $count ->
    [one] 1 día
   *[other] { $count } días
}

# Addresses are masked until a link that was sent to one of them is confirmed; an erasure without that happens later.
page-you-locked = Las direcciones de esta página están ocultas, porque otra persona podría haber iniciado sesión en su nombre. Para verlas, pida que se envíe un enlace a una de sus direcciones y ábralo. Hasta entonces no puede quitarlas, ni descargar todo, ni borrarlo de inmediato.
page-you-partly-locked = Ha confirmado una dirección que se añadió en los últimos tres días. Hasta que pasen, solo mostramos esa dirección. Para ver todo ahora, confirme una que se añadió antes, si tiene alguna. Para quitar otra, confirme esa otra.
page-you-confirm-button = Enviarme un enlace
page-you-erasure-due = Se borrará todo:
page-you-erasure-link = Verlo o detenerlo
page-you-erase-later-text = No ha confirmado sus direcciones. Si todavía puede leer alguna de ellas, vuelva atrás y pida que se le envíe un enlace: entonces podrá borrar todo de inmediato. Si no, borraremos todo dentro de tres días. Avisamos a cada una de sus direcciones, y quien lea alguna de ellas puede detenerlo. Si una de ellas no es suya y alguien lo impide desde ahí, pregunte a los responsables de este servidor.
page-you-erase-later-lead = Dentro de tres días borramos lo siguiente, y no se podrá recuperar:
page-you-erase-later-button = Borrar todo dentro de tres días
page-you-said-link-sent = Le hemos enviado un enlace. Ábralo antes de media hora y pulse allí el botón; después recargue esta página.
page-you-said-link-not-sent = No se ha enviado nada: este servidor no envía SMS a ese país o región. Elija otra dirección.
page-you-said-too-many-links = No se ha enviado nada: se han pedido demasiados enlaces. Inténtelo de nuevo dentro de una hora.
page-you-said-locked = Confirme primero una de sus direcciones: pida que se le envíe un enlace y ábralo.
page-you-said-erasure-requested = Se borrará todo dentro de tres días. Hemos avisado a sus direcciones.
page-you-said-erasure-stopped = No se borrará nada.
page-you-said-too-many-erasures = No se ha pedido nada: ha pedido el borrado demasiadas veces. Inténtelo de nuevo mañana.

page-unlock = ¿Está pidiendo ver sus datos?
page-unlock-text = Alguien que ha iniciado sesión con esta cuenta de Matrix pide ver todas sus direcciones:
page-unlock-by-app = Pedido por una aplicación:
page-unlock-by-browser = Pedido en un navegador:
page-unlock-consequence = Si pulsa el botón, esa persona podrá ver aquí todas las direcciones de correo y los números de teléfono de la cuenta, descargar todo y borrarlo. Púlselo solo si acaba de pedirlo usted.
page-unlock-button = Sí, fui yo
page-unlock-deny-text = Entonces otra persona tiene acceso a su cuenta de Matrix o a un token de ella. Podemos cerrar su sesión en este servidor, junto con todas sus propias aplicaciones y sesiones aquí.
page-unlock-deny-button = No fui yo: cerrar todas las sesiones
page-unlock-done = Confirmado
page-unlock-done-text = Vuelva a donde pidió el enlace y recargue la página o inténtelo de nuevo. Puede cerrar esta página.
page-unlock-denied = Se han cerrado todas las sesiones
page-unlock-denied-text = Nadie puede ya ver ni borrar sus datos con una sesión anterior. Si se había pedido un borrado, se ha detenido, salvo que esta dirección se haya añadido en los últimos tres días. Cambie la contraseña de su cuenta de Matrix y cierre la sesión de los dispositivos y aplicaciones que no reconozca.
page-unlock-over = Este enlace ya se ha usado
page-unlock-over-text = O quien lo pidió ha cerrado la sesión, o la dirección ya no pertenece a la cuenta. Si necesita otro enlace, pídalo donde tiene iniciada la sesión.
page-unlock-expired-text = Un enlace así sirve durante media hora. Si necesita otro, pídalo donde tiene iniciada la sesión.
page-unlock-broken-text = Puede que falte una parte del enlace. Copie el enlace completo del mensaje.

page-erasure = ¿Detener el borrado?
page-erasure-text = Alguien que ha iniciado sesión con esta cuenta de Matrix nos ha pedido borrar todo lo que guardamos sobre ella:
page-erasure-requested = Pedido:
page-erasure-due = Se hará:
page-erasure-shut-out = No fui yo. Cerrar también en este servidor la sesión de todas las aplicaciones y sesiones de esta cuenta.
page-erasure-button = Detener el borrado
page-erasure-leave = Si quiere que se borre todo, cierre esta página.
page-erasure-stopped = El borrado se ha detenido
page-erasure-stopped-text = No se borrará nada. Puede cerrar esta página.
page-erasure-shut-out-text = No se borrará nada, y se han cerrado todas las sesiones en este servidor. Cambie la contraseña de su cuenta de Matrix y cierre la sesión de los dispositivos y aplicaciones que no reconozca.
page-erasure-over = No hay nada que detener
page-erasure-over-text = El borrado ya se había detenido, o ya se ha hecho.

mail-confirm-subject = ¿Pide usted a { $server } que muestre sus datos?
mail-confirm-title = ¿Es usted?
mail-confirm-asks = El { $time }, alguien que ha iniciado sesión con esta cuenta de Matrix pidió ver todas sus direcciones en { $server }:
mail-confirm-do = Si fue usted, abra este enlace y pulse el botón de la página:
mail-confirm-button = Continuar
mail-confirm-other = No lo confirme: quien lo pidió podría ver todas las direcciones de esta cuenta, descargar todo y borrarlo. En la página del enlace también puede cerrar su sesión.
mail-alert-why = Recibe este correo porque por su dirección se puede, o se podía, encontrar esta cuenta de Matrix en este servidor. No es un boletín.
mail-alert-fine = Si fue usted, no hay nada que hacer.
mail-alert-other = Entonces otra persona tiene acceso a su cuenta de Matrix o a un token de ella. Cambie su contraseña, cierre la sesión de los dispositivos y aplicaciones que no reconozca y, después, cierre la sesión en todas partes en esta página:
mail-opened-title = Alguien puede ver ahora sus direcciones en { $server }
mail-opened-what = El { $time } se confirmó en { $server } un enlace enviado a otra dirección de esta cuenta de Matrix. Durante media hora, quien lo pidió puede ver todas las direcciones de la cuenta, descargar todo y borrarlo:
mail-exported-title = Se han descargado sus datos de { $server }
mail-exported-what = El { $time } se descargó todo lo que { $server } guarda sobre esta cuenta de Matrix, incluidos sus direcciones de correo y números de teléfono. Le avisamos de esto como máximo una vez al día:
mail-erased-title = Se han borrado sus datos de { $server }
mail-erased-what = El { $time } se borró todo lo que { $server } guardaba sobre esta cuenta de Matrix. Ya no se puede encontrar allí por su dirección:
mail-erasing-title = Se borrarán sus datos de { $server }
mail-erasing-what = El { $time }, alguien que ha iniciado sesión con esta cuenta de Matrix pidió a { $server } que borre todo lo que guarda sobre ella:
mail-erasing-due = Se hará el { $time }, a menos que usted lo detenga.
mail-erasing-fine = Si fue usted, no hay nada que hacer.
mail-erasing-do = Para detenerlo, abra este enlace y pulse el botón de la página. No necesita ninguna cuenta:
mail-erasing-button = Detener el borrado
mail-removed-title = Se ha quitado una dirección de su cuenta en { $server }
mail-removed-what = El { $time } se quitó de esta cuenta de Matrix en { $server } otra dirección de correo o número de teléfono, o pasó a otra cuenta:
mail-objected-title = Su dirección está ahora bloqueada en { $server }
mail-objected-what = El { $time }, alguien comunicó a { $server } que esta dirección es suya y que no debe poder encontrarse ni recibir mensajes. A partir de ahora, nadie puede añadirla allí a una cuenta de Matrix ni invitarla. Esa persona había iniciado sesión con esta cuenta de Matrix:
mail-objected-other = Entonces puede deshacerlo: pida un enlace en esta página y retire la oposición. Si la cuenta es suya, cambie también su contraseña y cierre la sesión de los dispositivos y aplicaciones que no reconozca.
mail-erasing-sign-in = Si no fue usted, puede detenerlo: inicie sesión con esta cuenta de Matrix en la página de abajo.
mail-added-title = Se ha añadido una dirección a su cuenta en { $server }
mail-added-what = El { $time } se añadió otra dirección de correo o número de teléfono a esta cuenta de Matrix en { $server }. Dentro de tres días, quien lea sus mensajes podrá usarla para ver todas las direcciones de la cuenta, descargar todo y borrarlo:
mail-added-do = Para quitar la nueva dirección y cerrar todas las sesiones en este servidor, abra este enlace y pulse el botón de la página. No necesita ninguna cuenta:
mail-added-button = Quitar la nueva dirección
