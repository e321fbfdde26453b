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

mail-bound-title = Su dirección de correo electrónico lleva ahora a una cuenta de Matrix
mail-bound-since = Desde el { $time }, quien ya conoce esta dirección de correo electrónico encuentra por ella esta cuenta de Matrix, en { $server }:
mail-bound-fine = Si la cuenta es suya, no hay nada que hacer. Puede retirar la dirección en cualquier momento en su aplicación de Matrix.
mail-bound-undo = Entonces se abrió un enlace de un correo anterior, y se puede encontrar a otra persona por su dirección. Para deshacerlo, abra este enlace y pulse el botón de la página. No necesita ninguna cuenta:
mail-bound-lifetime = El enlace sirve mientras su dirección lleve a esa cuenta.

mail-unbound-title = Su dirección de correo electrónico ya no lleva a una cuenta de Matrix
mail-unbound-since = Desde el { $time }, nadie encuentra ya esta cuenta de Matrix por esta dirección de correo electrónico, en { $server }:
mail-unbound-by-owner = Quitó la dirección, en una aplicación de Matrix, alguien que ha demostrado que es suya.
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
