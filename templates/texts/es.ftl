# Véase en.ftl.

page-language-name = Español
page-languages = Idioma
page-skip = Ir al contenido
page-tagline = Servidor de identidad de Matrix
page-contact = Contacto:
page-home = Inicio

page-home-lead = Este servidor permite que las personas que ya tienen su dirección de correo electrónico le encuentren en Matrix, si usted lo desea y solo en ese caso.
page-home-how = Cómo funciona
page-home-step-ask = En su aplicación de Matrix, usted pide que se le pueda encontrar por su dirección de correo electrónico.
page-home-step-prove = Enviamos un enlace a esa dirección. Abrirlo demuestra que la dirección es suya.
page-home-step-bind = Cuando usted lo confirma en la aplicación, la dirección lleva a su ID de Matrix. Puede deshacerlo en cualquier momento.
page-home-privacy = Qué sabe de usted esta página
page-home-privacy-text = Nada. No guarda ninguna cookie, no ejecuta ningún script y no carga nada de otros sitios.
page-home-server = Tampoco puede nadie hojear los datos del servidor: su ID de Matrix solo se muestra a quien pregunta exactamente por su dirección, y el número de direcciones por las que cada cual puede preguntar es limitado.
page-home-policies = Lo que usted acepta

page-policies = Condiciones y políticas
page-policies-none = Este servidor no le pide que acepte ningún documento.
page-policies-older = Versiones anteriores
page-policy-version = Versión { $version }
page-policy-in-force = Esta versión está en vigor.
page-policy-superseded = Esta es una versión anterior, conservada como referencia. La versión en vigor es la { $version }:

page-retention = Qué se conserva y durante cuánto tiempo
page-retention-data = Datos
page-retention-kept = Se conservan
page-retention-session = Confirmación de una dirección
page-retention-session-kept = { $span } después del último paso; luego se borra en menos de una hora
page-retention-code = Código de un SMS
page-retention-code-kept = { $span }, o hasta { $tries } intentos erróneos
page-retention-token = Sesión de una aplicación
page-retention-token-kept = hasta que usted cierre la sesión, o { $span } sin uso
page-retention-binding = Vínculo entre una dirección y un ID de Matrix
page-retention-binding-kept = hasta que usted lo quite o lo haga borrar
page-retention-consent = Constancia de lo que usted aceptó
page-retention-consent-kept = mientras exista la cuenta, y después { $span }
page-retention-unbinding = Huella de una retirada pedida por un servidor base
page-retention-unbinding-kept = { $span } desde la última vez que se pidió
page-retention-invite = Invitación de una dirección
page-retention-invite-kept = { $span }; la dirección, solo hasta que se entregue la invitación
page-retention-key = Clave pública de una invitación
page-retention-key-kept = mientras la invitación espere, y después { $span }
page-retention-delivery = Invitación en camino a su servidor base
page-retention-delivery-kept = hasta que llegue, como máximo { $span }
page-retention-notice = Aviso en camino a su dirección
page-retention-notice-kept = hasta que llegue, como máximo { $span }
page-retention-visit = Visita a las páginas sobre sus propios datos
page-retention-visit-kept = { $span }, o hasta que usted salga
page-retention-objection = Huella de una dirección cuyo titular se opone
page-retention-objection-kept = hasta que retire la oposición
page-retention-budget = Recuento de consultas y mensajes
page-retention-budget-kept = hasta que vuelva a cero
page-retention-lookup = Qué se consultó
page-retention-lookup-kept = no se guarda
page-retention-log = Registro de accesos
page-retention-log-kept = { $kept ->
    [cut] sin personas ni direcciones, direcciones IP acortadas
   *[none] ninguno
}

page-validated = Su dirección está confirmada
page-validated-text = Todavía no se ha publicado nada. Vuelva a su aplicación de Matrix para continuar; puede cerrar esta página.
page-validated-again = Su dirección ya estaba confirmada
page-validated-again-text = Aquí no queda nada por hacer. Vuelva a su aplicación de Matrix para continuar; puede cerrar esta página.
page-validated-expired = Este enlace ha caducado
page-validated-expired-text = Los enlaces solo sirven durante un tiempo limitado. Vuelva a su aplicación de Matrix y pida un correo nuevo.
page-validated-wrong = Este enlace no funciona
page-validated-wrong-text = Quizá se perdió una parte por el camino. Copie el enlace entero del correo, o pida un correo nuevo en su aplicación de Matrix.

page-code-expired = Este código ha caducado
page-code-expired-text = Un código sirve poco tiempo y para pocos intentos. Vuelva a su aplicación de Matrix y pida un SMS nuevo.
page-code-wrong = Este código no es correcto
page-code-wrong-text = Mire de nuevo el SMS: vale el más reciente. O pida otro en su aplicación de Matrix.

page-not-me = ¿No fue usted?
page-not-me-bound = En { $server }, su dirección lleva a esta cuenta de Matrix porque alguien la confirmó:
page-not-me-bound-consequence = Si la cuenta no es suya, pulse el botón: su dirección ya no llevará a nadie, y nadie podrá usar una confirmación anterior.
page-not-me-asked = Alguien ha pedido a { $server } que confirme su dirección para esta cuenta de Matrix:
page-not-me-asked-consequence = Si la cuenta no es suya, pulse el botón: la petición quedará anulada y, si por ella su dirección ya lleva a esa cuenta, eso también se deshará.
page-not-me-button = No fui yo
page-not-me-leave = Si es suya, cierre esta página. No ha cambiado nada.
page-not-me-unbound = Está deshecho
page-not-me-unbound-text = Su dirección ya no lleva a esa cuenta de Matrix. No queda nada por hacer; puede cerrar esta página.
page-not-me-cancelled = La petición está anulada
page-not-me-cancelled-text = Esa cuenta de Matrix ya no puede usarla. No queda nada por hacer; puede cerrar esta página.
page-not-me-settled = Ya no queda nada que deshacer
page-not-me-settled-text = El asunto de este enlace ha terminado: ya se deshizo, o ha caducado. Si un mensaje posterior dice que su dirección lleva a una cuenta que no es suya, use el enlace de ese mensaje.
page-not-me-superseded = Este enlace ya no es actual
page-not-me-superseded-text = Desde entonces, su dirección se ha confirmado de nuevo. Si no fue usted, use el enlace del mensaje más reciente sobre ello.
page-not-me-wrong-text = Quizá se perdió una parte por el camino. Copie el enlace entero del mensaje.

page-missing = Aquí no hay nada
page-missing-text = Puede que la dirección esté mal escrita o que la página ya no exista.
page-unavailable = No podemos responder en este momento
page-unavailable-text = El servidor volverá en breve. Inténtelo de nuevo dentro de un minuto.

# Iniciar sesión.
page-sign-in = Iniciar sesión
page-sign-in-failed = No se ha podido iniciar la sesión
page-sign-in-lead = Inicie sesión con su cuenta de Matrix para ver lo que este servidor guarda sobre usted, modificarlo o hacer que se borre.
page-sign-in-for-export = Antes de entregarle todo lo que guardamos sobre usted, le pedimos que inicie sesión una vez más. Así no lo obtiene otra persona que encuentre su dispositivo abierto.
page-sign-in-for-erase = Antes de borrar todo lo que guardamos sobre usted, le pedimos que inicie sesión una vez más. Así no lo hace otra persona que encuentre su dispositivo abierto.
page-sign-in-without-script = Para iniciar sesión, su navegador tiene que hablar con su servidor base, de modo que su contraseña nunca nos llegue. Para eso hace falta JavaScript, que aquí está desactivado. Para una dirección de correo, el enlace de abajo funciona sin él. O pregunte a quienes administran este servidor.
page-sign-in-mxid = Su ID de Matrix
page-sign-in-mxid-hint = Tiene la forma @anna:example.org. Su aplicación de Matrix lo muestra en los ajustes.
page-sign-in-next = Continuar
page-sign-in-password = Su contraseña de Matrix
page-sign-in-password-hint = Va solo a su servidor base, nunca a nosotros.
page-sign-in-with-password = Iniciar sesión con contraseña
page-sign-in-oauth = Iniciar sesión en la página de { $server }
page-sign-in-sso = Inicio de sesión único de { $server }
page-sign-in-device = Inicio de sesión en { $name }, solo por un momento
page-sign-in-asking = Buscando su servidor base…
page-sign-in-leaving = Pasando a { $server }…
page-sign-in-signing-in = Iniciando sesión…
page-sign-in-choose = Se ha encontrado { $server }. Inicie sesión allí:
page-sign-in-how = Qué ocurre después
page-sign-in-how-password = Su navegador inicia sesión en su propio servidor base. No vemos ni su contraseña ni sus mensajes.
page-sign-in-how-token = Su servidor base emite una prueba de corta duración de su ID de Matrix, y su navegador cierra allí la sesión enseguida. Solo la prueba nos llega.
page-sign-in-how-kept = Iniciar sesión no crea aquí ninguna cuenta. La visita termina por sí sola al poco tiempo, o cuando cierre la sesión.
page-sign-in-other = ¿No tiene cuenta de Matrix?
page-sign-in-other-text = Aun así, alguien puede haber introducido su dirección de correo.
page-sign-in-other-link = Ver lo que se guarda sobre una dirección de correo
page-sign-in-mistyped = Esto no es un ID de Matrix. Tiene la forma @anna:example.org: un nombre, dos puntos y el nombre de un servidor base.
page-sign-in-unreachable = { $server } no responde. Compruebe cómo está escrito y su conexión. Si ambos son correctos, puede que el servidor base no esté disponible o no admita navegadores: inténtelo más tarde o pregunte a quienes lo administran.
page-sign-in-misconfigured = { $server } no indica correctamente dónde está su servidor base. Solo quienes lo administran pueden arreglarlo.
page-sign-in-no-homeserver = No hay ningún servidor base de Matrix en { $server }. Compruebe la parte de su ID de Matrix que sigue a los dos puntos.
page-sign-in-no-way = { $server } no ofrece ninguna forma de iniciar sesión que esta página conozca. Pregunte, por favor, a quienes administran este servidor.
page-sign-in-wrong-password = El ID de Matrix y la contraseña no coinciden. Inténtelo de nuevo, por favor.
page-sign-in-deactivated = Esta cuenta se cerró en su servidor base. Pregunte, por favor, a quienes administran este servidor.
page-sign-in-wait = Se ha consultado a { $server } demasiadas veces. Inténtelo de nuevo dentro de { $seconds } s.
page-sign-in-refused = { $server } ha rechazado el inicio de sesión. Inténtelo de nuevo, o de otra forma si la hay.
page-sign-in-cancelled = No ha iniciado sesión en { $server }. No ha pasado nada; puede intentarlo de nuevo.
page-sign-in-stale = Ha pasado demasiado tiempo, o esto se empezó en otra ventana. Inicie sesión de nuevo, por favor.
page-sign-in-stranger = Ha iniciado sesión con una cuenta de un servidor base distinto de { $server }. Introduzca el ID de Matrix con el que inicia sesión.
page-sign-in-broken = Su navegador no ha podido hacer lo necesario para iniciar sesión. Inténtelo de nuevo o use otro navegador más reciente.
page-sign-in-unreadable = Esto no venía de nuestra página de inicio de sesión, o no estaba completo. Inicie sesión de nuevo, por favor.
page-sign-in-not-vouched = Su servidor base no ha confirmado quién es usted. Inicie sesión de nuevo, por favor. Si eso no ayuda, pregunte a quienes lo administran.
page-sign-in-blocked = Los usuarios de este servidor base no pueden usar este servidor. Si cree que es un error, o quiere sus datos, pregunte a quienes administran este servidor.
page-sign-in-too-often = Ha habido demasiados intentos de inicio de sesión desde su red. Inténtelo más tarde, por favor.
page-sign-in-homeserver-away = No hemos podido preguntar a su servidor base quién es usted. Inténtelo de nuevo dentro de unos minutos, por favor.

# Tras el enlace del correo de una invitación.
page-invited-names = Los nombres se eligen libremente; solo el ID de Matrix es seguro.
page-invited-matrix = ¿Qué es Matrix?
page-invited-answer = Cómo responder
page-invited-answer-text = Abra la invitación en su navegador. Allí puede unirse con una cuenta de Matrix, o crear una si aún no la tiene. No comparta este enlace: quien lo tenga puede aceptar en su lugar.
page-invited-open = Abrir la invitación en { $app }
page-invited-elsewhere = También puede abrirla en otra aplicación web:
page-invited-apps = Con una aplicación propia
page-invited-apps-text = Hay muchas aplicaciones de Matrix para teléfonos y ordenadores, entre ellas Element, SchildiChat, FluffyChat, Cinny y Nheko.
page-invited-apps-address = Añada esta dirección de correo electrónico a su cuenta de Matrix y permita que se le encuentre por ella en { $server }. En Element, por ejemplo, eso está en los ajustes. La invitación aparecerá entonces en todas las aplicaciones que use con esa cuenta.
page-invited-address = Qué pasa con su dirección
page-invited-address-text = La conservamos con esta invitación hasta el { $date }, cifrada, y no la usamos para nada más. Se borra antes si la añade a una cuenta de Matrix o si borra aquí la invitación.
page-invited-refuse-text = Entonces no tiene que hacer nada: nadie sabrá si ha abierto esta página. Si quiere terminar de inmediato, pulse uno de estos botones. Tampoco de eso se avisa a nadie.
page-invited-decline = Borrar esta invitación
page-invited-decline-text = Borra esta invitación y, con ella, su dirección. Podrán invitarle de nuevo.
page-invited-object = No invitarme ni mostrarme nunca
page-invited-object-text = Borra todas las invitaciones que esperan a su dirección. Después, este servidor no le invita más y no deja que se encuentre a nadie por su dirección. Puede revocarlo en cualquier momento.
page-invited-declined = La invitación se ha borrado
page-invited-declined-text = Con ella hemos borrado su dirección. No hay nada más que hacer; puede cerrar esta página.
page-invited-objected = No recibirá más invitaciones
page-invited-objected-text = Este servidor ya no envía invitaciones a su dirección y no deja que se encuentre a nadie por ella. Se han borrado todas las invitaciones que le esperaban.
page-invited-delivered = Esta invitación se ha entregado
page-invited-delivered-text = Su dirección se añadió a una cuenta de Matrix y la invitación ha llegado allí. Búsquela en su aplicación de Matrix. Si la cuenta no es suya, use el enlace del correo que se lo comunicó.
page-invited-over = Esta invitación ya no sirve
page-invited-over-text = Se borró o se agotó su plazo. Su dirección se borró con ella.
page-invited-own = Para ver qué más guarda este servidor sobre su dirección, oponerse o revocarlo, vaya aquí:
page-invited-own-link = Su dirección en este servidor

# Una dirección sin cuenta.
page-address = Lo que se guarda sobre su dirección
page-address-lead = Vea lo que este servidor guarda sobre su dirección de correo electrónico o su número de teléfono, haga que se borre u opóngase a las invitaciones. No necesita ninguna cuenta.
page-address-field = Su dirección de correo electrónico o número de teléfono
page-address-hint = Un número de teléfono empieza por un signo más y el prefijo del país, por ejemplo +34 612 34 56 78.
page-address-button = Enviarme un enlace
page-address-next = Enviamos un mensaje con un enlace. Quien lo abre demuestra que la dirección es suya y ve lo que se guarda sobre ella.
page-address-secrecy = Esta página dice lo mismo de cualquier dirección, se guarde algo sobre ella o no.
page-address-wrong = Esto no es una dirección
page-address-wrong-text = Esto no es ni una dirección de correo electrónico, como alice@example.org, ni un número de teléfono que empiece por un signo más. Por favor, compruébelo.
page-address-unreached-text = Este servidor no envía SMS a ese país o región. Esto vale para todos sus números.
page-address-sent = Mire sus mensajes
page-address-sent-text = Si podemos llegar a esa dirección, en los próximos minutos recibirá un mensaje con un enlace. El enlace vale una hora. Si no llega nada, mire en el correo no deseado o inténtelo más tarde: una dirección recibe solo unos pocos mensajes de este tipo por hora.
page-address-busy = Espere un poco, por favor
page-address-busy-text = Se han pedido demasiados mensajes, desde su red o en todo este servidor. Por favor, inténtelo de nuevo dentro de una hora.
page-address-again = Pedir un enlace nuevo
page-address-open = ¿Es esta su dirección?
page-address-open-text = Ha abierto un enlace que se envió a una dirección. Pulse el botón para ver lo que se guarda sobre esa dirección.
page-address-open-button = Ver lo que se guarda
page-address-open-leave = Una cookie mantiene entonces su sesión abierta un rato. Si no ha pedido el enlace, cierre esta página: no ha pasado nada.
page-address-expired = Este enlace ha caducado
page-address-expired-text = Un enlace así vale una hora.
page-address-broken-text = Puede que una parte se haya perdido por el camino. Copie el enlace entero del mensaje o pida uno nuevo.
page-address-left = Ha salido. Este navegador ya no puede ver lo que se guarda sobre su dirección.
page-address-erased = Está borrado. Si se ha opuesto, solo se sigue guardando eso.

page-held = Lo que se guarda sobre su dirección
page-held-lead = Esto es todo lo que este servidor guarda sobre { $address }.
page-held-alone = Se trata solo de esta dirección, y no de otras que pueda tener.
page-held-over = Su visita ha terminado
page-held-over-text = No se ha cambiado nada. Para ver lo que se guarda sobre su dirección, pida un enlace nuevo y ábralo en este navegador.
page-held-binding = A quién se encuentra por ella
page-held-unbound = Nadie.
page-held-unbind = Quitar este vínculo
page-held-unbind-text = Entonces no se encontrará a nadie por su dirección. También se anulan las confirmaciones hechas hasta ahora.
page-held-confirmations = Quién ha pedido confirmarla
page-held-confirmation-asked = no confirmada; pedida el
page-held-confirmation-proved = confirmada el
page-held-confirmation-homeserver = Un servidor base, para uno de sus usuarios
page-held-cancel = Anularlas
page-held-cancel-text = Entonces nadie podrá usarlas para que se le encuentre por su dirección.
page-held-invitations = Invitaciones en espera
page-held-invitation = le invitó el
page-held-uninvite = Borrar las invitaciones
page-held-uninvite-text = A quien le ha invitado no se le avisa.
page-held-deliveries = En camino
page-held-delivery-notice = un aviso para usted sobre esta cuenta, desde el
page-held-delivery-onbind = una invitación por transmitir a esta cuenta, desde el
page-held-objection = No invitarme ni incluirme nunca
page-held-objects = Se opone, desde el
page-held-objects-text = No se puede encontrar a nadie por esta dirección, y no se le envían confirmaciones ni invitaciones.
page-held-object = Me opongo
page-held-object-text = Si se opone, ya no se podrá encontrar a nadie por esta dirección y no se le enviarán confirmaciones ni invitaciones. Lo que figura arriba se borra. Guardamos una huella de la dirección para reconocerla. Puede retirar esto en cualquier momento, en esta página.
page-held-withdraw = Ya no me opongo
page-held-withdraw-text = Entonces la dirección podrá volver a confirmarse y recibir invitaciones.
page-held-download = Llevárselo
page-held-download-text = Todo lo que hay en esta página en un archivo (JSON), para usted o para un programa.
page-held-download-button = Descargar
page-held-erase = Borrarlo todo
page-held-erase-text = Todo lo que hay en esta página se borra de inmediato, y su visita termina. Solo permanece una oposición: sin ella, podrían volver a invitarle.
page-held-erase-sure = Sí, bórrelo. No se puede deshacer.
page-held-erase-button = Borrarlo todo
page-held-leave = Salir
page-held-leave-text = Su visita termina sola al cabo de un rato. En un dispositivo que usan otras personas, termínela ahora.
page-held-leave-button = Terminar mi visita
page-held-done-unbound = Ya no se encuentra a nadie por su dirección
page-held-done-cancelled = Las confirmaciones están anuladas
page-held-done-uninvited = Las invitaciones están borradas
page-held-done-objected = Su oposición está registrada
page-held-done-withdrawn = Su oposición está retirada
page-held-stale = Aún no se ha hecho nada: para esto necesita un enlace que haya abierto en los últimos cinco minutos.
page-held-unsure = No se ha borrado nada: marque antes la casilla.

# Lo que una persona ve de sus propios datos y hace con ellos (/you).
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
page-you-nothing = { $server } no guarda nada sobre usted, aparte de esta visita, que termina por sí sola.
page-you-account-since = conocido aquí desde el
page-you-since = desde el
page-you-none = Ninguna.
page-you-sign-out = Salir de estas páginas
page-you-addresses = Direcciones que llevan a usted
page-you-addresses-none = Ninguna dirección lleva a usted.
page-you-addresses-text = Quien ya conoce una de estas direcciones encuentra con ella su ID de Matrix.
page-you-unbind = Retirar { $address }
page-you-unbind-text = Desde ese momento nadie le encuentra por esta dirección. Avisamos a la dirección de que fue retirada. Puede añadirla de nuevo en su aplicación en cualquier momento.
page-you-unbind-button = Retirar esta dirección
page-you-unbind-all = Retirar todas las direcciones
page-you-unbind-all-text = Desde ese momento nadie le encuentra en este servidor por ninguna dirección. Avisamos a cada dirección de que fue retirada.
page-you-unbind-all-button = Retirarlas todas
page-you-policies = Lo que usted acepta
page-you-policy-agreed = Usted acepta la versión vigente.
page-you-policy-withdrawn = Usted ha retirado su consentimiento. Las aplicaciones no pueden usar este servidor para usted hasta que vuelva a aceptar, aquí en esta página.
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
page-you-withdraw-text = Sus aplicaciones ya no pueden entonces usar este servidor para usted, y no pueden deshacerlo: solo usted puede, aquí. Las direcciones que llevan a usted lo siguen haciendo hasta que las retire.
page-you-withdraw-button = Retirarlo
page-you-withdraw-all = Retirar todo lo que he aceptado
page-you-withdraw-all-button = Retirarlo todo
page-you-apps = Aplicaciones con sesión iniciada
page-you-apps-none = Ninguna de sus aplicaciones tiene una sesión iniciada aquí.
page-you-apps-text = Sabemos cuándo una de sus aplicaciones inició sesión aquí y qué día hizo algo por última vez. No sabemos qué aplicación es.
page-you-app-since = Sesión iniciada el
page-you-app-used = usada por última vez el
page-you-visits = Visitas a estas páginas que aún no han terminado, entre ellas esta. Comenzaron el:
page-you-sign-out-everywhere = Cerrar todas las sesiones
page-you-sign-out-everywhere-text = Se cierra la sesión de todas las aplicaciones y de todas las demás visitas en este servidor. Una aplicación vuelve a iniciarla por sí sola cuando lo necesita. Su cuenta de Matrix no se toca.
page-you-sign-out-everywhere-button = Cerrar todas las sesiones ahora
page-you-confirmations = Confirmaciones en curso
page-you-confirmed = confirmada el
page-you-asked = pedida el
page-you-invitations = Invitaciones que usted ha enviado
page-you-invitation-delivered = Entregada; la dirección está borrada
page-you-invitation-room = a
page-you-deliveries = En camino
page-you-delivery-notice = Aviso a
page-you-delivery-invitation = Invitación por transmitir, para
page-you-export = Descargar
page-you-export-text = Todo lo que hay en esta página en un archivo (JSON), para usted o para otro servicio. Si inició sesión hace más de cinco minutos, le pedimos que lo haga de nuevo.
page-you-export-button = Descargar todo
page-you-erase = Borrar todo
page-you-erase-text = Eliminamos todo lo que este servidor guarda sobre usted. Antes mostramos qué es y preguntamos otra vez.
page-you-erase-link = Ver qué se borrará
page-you-erase-title = ¿Borrar todo?
page-you-erase-wrong-title = No se borró nada: ese no es su ID de Matrix
page-you-erase-lead = Esto se elimina de inmediato y no se puede recuperar:
page-you-erase-effect = Nadie le encuentra ya por sus direcciones, las invitaciones en espera se pierden y se cierra la sesión de todas las aplicaciones en este servidor. No se avisa a ninguna dirección, porque entonces ya no tenemos ninguna.
page-you-erase-kept = El registro de lo que aceptó queda { $span } más, sin su nombre. También los contadores de búsquedas y mensajes, hasta que lleguen a cero.
page-you-erase-account = Su cuenta de Matrix no se toca: solo este servidor le olvida.
page-you-erase-confirmation = Su ID de Matrix
page-you-erase-hint = Escríbalo exactamente como figura arriba, para mostrar que es lo que quiere.
page-you-erase-wrong = Este no es su ID de Matrix tal como figura arriba. No se borró nada.
page-you-erase-button = Borrar todo ahora
page-you-erase-leave = Volver sin borrar nada
page-you-erased = Todo está borrado
page-you-erased-text = { $server } ha eliminado esto sobre usted. Esta visita también ha terminado.
page-you-erased-kept = { $count ->
    [one] 1 registro de lo que aceptó queda, sin su nombre, hasta el
   *[other] { $count } registros de lo que aceptó quedan, sin su nombre, hasta el
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
    [one] 1 sesión de una aplicación
   *[other] { $count } sesiones de aplicaciones
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
    [one] 1 visita a estas páginas
   *[other] { $count } visitas a estas páginas
}
page-you-receipt = Su recibo
page-you-receipt-text = Guárdelo ahora: no conservamos ninguna copia. Está firmado por este servidor, para que pueda mostrarlo más tarde a quien quiera.
page-you-receipt-button = Descargar el recibo
page-you-left = Ha salido de estas páginas
page-you-left-text = Este navegador ya no muestra sus datos. Puede cerrar esta página.
page-you-refused = No se cambió nada
page-you-refused-text = Su visita ha terminado, o esto no se envió desde la página a la que pertenece. Abra de nuevo la página sobre sus datos.
page-you-said-accepted = Su consentimiento está registrado.
page-you-said-outdated = No se registró nada: esa versión ya no está vigente. Lea por favor la nueva.
page-you-said-withdrawn = Su consentimiento está retirado. Las aplicaciones ya no pueden usar este servidor para usted.
page-you-said-unbound = La dirección está retirada. Ya no lleva a usted.
page-you-said-not-bound = No se cambió nada: esa dirección no lleva a usted.
page-you-said-all-unbound = Todas las direcciones están retiradas. Ya ninguna lleva a usted.
page-you-said-signed-out = Se cerró la sesión de todas las aplicaciones y de las demás visitas.
page-you-said-ready = Acaba de iniciar sesión: ya puede descargarlo todo.
page-you-said-later = Ha descargado esto muchas veces. Inténtelo de nuevo dentro de una hora.

# Qué ha cambiado en un documento.
page-changes = Qué ha cambiado
page-changes-title = { $name }: qué ha cambiado
page-changes-span = De la versión { $older } a la versión { $newer }
page-changes-since = Qué ha cambiado desde la versión { $version }
page-changes-key = Lo que se quitó está tachado; lo que se añadió está subrayado.
page-changes-removed = Quitado:
page-changes-added = Añadido:
page-changes-gap = { $count ->
    [one] 1 pasaje sin cambios
   *[other] { $count } pasajes sin cambios
}
page-changes-none = No ha cambiado nada: el texto es el mismo en ambas versiones.
page-changes-apart = La versión { $version } no existe en este idioma. Por eso no se pueden comparar aquí; lea las dos o elija otro idioma.
page-changes-whole = El texto completo
page-retention-link = Qué se conserva
page-retention-lead = Esto es lo que está en vigor ahora en este servidor.
page-imprint = Aviso legal

# Adónde ir desde la página de inicio, y quién administra el servidor.
page-home-go = Qué puede hacer aquí
page-home-you = Sus datos
page-home-you-text = Inicie sesión con su cuenta de Matrix: vea qué se conserva sobre usted, descárguelo, bórrelo.
page-home-address = Una dirección sin cuenta
page-home-address-text = Haga que se envíe un enlace a su dirección: vea qué se conserva sobre ella, retírela, o pida que no se le invite nunca.
page-home-retention-text = La tabla que está en vigor ahora.
page-home-cookie = Existe una sola cookie, y solo después de que usted haya iniciado sesión en «Sus datos» o abierto el enlace de «Una dirección sin cuenta». Dura lo que dura esa visita. Solo la página para iniciar sesión tiene un script: habla con su servidor base, de modo que su contraseña nunca llega a nosotros.
page-home-who = Quién administra este servidor
page-home-run-by = Este servidor lo administra { $name }.

# Qué ocurre después de confirmar una dirección, y quién lo pidió.
page-validated-next = Qué ocurre después
page-validated-step-app = Vuelva a su aplicación de Matrix.
page-validated-step-bind = La dirección solo llevará a su ID de Matrix si usted dice allí que quiere que se le encuentre por ella.
page-validated-step-notice = Entonces enviamos un aviso a la dirección. Trae un enlace para deshacerlo.
page-validated-who = Quién lo pidió
page-validated-asked = Esta cuenta de Matrix nos pidió que confirmáramos su dirección:
page-validated-other = ¿La cuenta no es suya? Anule la petición:
page-validated-address = ¿Qué se conserva sobre su dirección? Véalo aquí:

mail-validation-subject = Confirme su dirección de correo electrónico para { $server }
mail-validation-title = ¿Es esta su dirección de correo electrónico?
mail-validation-asks = Alguien ha pedido a { $server } que compruebe si esta dirección de correo electrónico le pertenece. Usa esta cuenta de Matrix:
mail-matrix-id = ID de Matrix: { $mxid }
mail-homeserver = Servidor base: { $homeserver }
mail-validation-do = Si es usted, abra este enlace y vuelva después a su aplicación:
mail-validation-button = Confirmar mi dirección
mail-validation-copy = Si el botón no funciona, copie este enlace en su navegador:
mail-validation-lifetime = El enlace sirve durante { $span }.
mail-validation-other-title = ¿No fue usted?
mail-validation-other = No abra el enlace y borre este correo. Si nadie lo abre, no se publica nada y la petición se borra. Si usted lo abriera, se podría encontrar a esa persona por la dirección de usted.
mail-validation-cancel = Si ya lo ha abierto, o quiere que la petición desaparezca de inmediato, anúlela aquí:
mail-contact = ¿Preguntas? { $contact }
mail-why = Recibe este correo porque alguien introdujo su dirección. No es un boletín.
mail-notice-why = Recibe este correo porque este servidor avisa a una dirección siempre que empieza o deja de llevar a una cuenta de Matrix. No es un boletín.

mail-object = Si este servidor no debe incluir ni invitar nunca su dirección, dígalo aquí:
mail-address-subject = Vea lo que { $server } guarda sobre su dirección
mail-address-title = Su enlace
mail-address-asks = Alguien ha pedido, en una página de { $server }, ver lo que se guarda sobre esta dirección de correo electrónico. Si fue usted, puede verlo, borrarlo u oponerse a las invitaciones.
mail-address-do = Abra este enlace y pulse el botón de la página. No necesita ninguna cuenta:
mail-address-button = Ver lo que se guarda
mail-address-other = Entonces ignore este correo. Nadie más que usted puede ver a dónde lleva el enlace, y no se ha cambiado nada. No comparta el enlace.

mail-bound-title = Su dirección de correo electrónico lleva ahora a una cuenta de Matrix
mail-bound-since = Desde el { $time }, quien ya conoce esta dirección de correo electrónico encuentra por ella esta cuenta de Matrix, en { $server }:
mail-bound-fine = Si la cuenta es suya, no hay nada que hacer. Puede retirar la dirección en cualquier momento en su aplicación de Matrix.
mail-bound-undo = Entonces se abrió un enlace de un correo anterior, y se puede encontrar a otra persona por su dirección. Para deshacerlo, abra este enlace y pulse el botón de la página. No necesita ninguna cuenta:
mail-bound-lifetime = El enlace sirve mientras su dirección lleve a esa cuenta.

mail-unbound-title = Su dirección de correo electrónico ya no lleva a una cuenta de Matrix
mail-unbound-since = Desde el { $time }, nadie encuentra ya esta cuenta de Matrix por esta dirección de correo electrónico, en { $server }:
mail-unbound-by-owner = Quitó la dirección, en una aplicación de Matrix, alguien que ha demostrado que es suya.
mail-unbound-by-user = La dirección fue retirada por la persona que usa esa cuenta, en la página de este servidor sobre sus datos.
mail-unbound-by-homeserver = Quitó la dirección el servidor base de la cuenta, como hace cuando la persona se lo pide o cierra la cuenta.
mail-unbound-by-operator = Quitaron la dirección las personas que administran este servidor.
mail-unbound-again = No hay nada que hacer. Si quiere que se le vuelva a encontrar por esta dirección, añádala en su aplicación de Matrix.

# Sin á, í, ó ni ú, que no están en GSM 03.38.
sms-code = { $code } es su clave para { $server }. Vale { $minutes } min. No se la dé a nadie.
sms-code-asks = La pide { $mxid }.
sms-bound = { $server }: su teléfono lleva ahora a una cuenta de Matrix.
sms-bound-undo = ¿No fue usted?
sms-unbound = { $server }: su teléfono ya no lleva a una cuenta de Matrix.
sms-notice-account = Cuenta: { $mxid }
sms-invite = { $mxid } le invita a conversar en Matrix. Para ver de qué se trata, agregue este teléfono a una cuenta de Matrix, por ejemplo una creada en { $link }. Si no quiere, ignore este SMS.
sms-address = Su enlace para ver o borrar lo que { $server } guarda de este teléfono. Vale 1 hora. ¿No fue usted? Ignore este SMS.

mail-invite-subject = Tiene una invitación a una conversación en Matrix
mail-invite-title = Tiene una invitación a una conversación
mail-invite-asks = Alguien quiere hablar con usted en Matrix y nos ha dado esta dirección de correo electrónico para poder escribirle:
mail-invite-by = Nombre: { $name }
mail-invite-room = Sala: { $room }
mail-invite-space = Espacio: { $room }
mail-invite-do = Para ver la invitación y cómo responder, abra este enlace. Aún no necesita una cuenta de Matrix:
mail-invite-button = Ver la invitación
mail-invite-other-app = O añada esta dirección de correo electrónico, en cualquier aplicación, a una cuenta de Matrix que ya tenga: la invitación aparecerá allí.
mail-invite-matrix = Matrix es una red abierta para mensajes y llamadas. Como el correo electrónico, tiene muchos proveedores, y las personas de todos ellos pueden hablar entre sí.
mail-invite-other-title = ¿No conoce a esta persona o no desea esto?
mail-invite-other = Entonces no tiene que hacer nada: nadie sabrá si ha leído este correo. Los nombres se eligen libremente; solo el ID de Matrix es seguro. No comparta el enlace, pues quien lo tenga puede aceptar la invitación en su lugar.
mail-invite-lifetime = Conservamos la invitación y su dirección durante { $span }, salvo que la acepte antes; después se borran.
mail-invite-object = Tras ese mismo enlace también puede hacer que se borren de inmediato la invitación y su dirección, o decir que no quiere recibir nunca más invitaciones.

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
