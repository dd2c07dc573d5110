# The console's words, in Italian. Beside each English message stands one with the same id and the same
# arguments; numbers arrive ready made ("1.204"), next to a bare number where a plural depends on it.

## States
status-failing = In errore
status-degraded = Degradato
status-unknown = Sconosciuto
status-planned = Pianificato
status-updating = In aggiornamento
status-healthy = In salute
status-count-failing = { $count } in errore
status-count-degraded = { $count } in stato degradato
status-count-unknown = { $count } di stato sconosciuto
status-count-planned = { $count } in svuotamento
status-count-updating = { $count } in aggiornamento
status-count-healthy = { $count } in salute
state-starting = In avvio
state-serving = In servizio
state-unhealthy = Non supera l'health check
state-waiting = Prossimo avvio: { $at }
state-draining = In svuotamento
cause-exited = uscita con codice { $code }
cause-killed = interruzione con segnale { $signal }
cause-vanished = scomparsa, nessuno ha visto come
cause-not-started = avvio non riuscito: { $message }
cause-health-status = l'health check ha risposto { $code }
cause-health-timeout = l'health check non ha risposto entro { $after }
cause-health-refused = l'health check non è riuscito a connettersi: { $message }
contact-never = Nessun agente si è ancora fatto sentire
contact-reporting = I rapporti arrivano
contact-silent = Non dà segnali (ultimo: { $since })

## Numbers and times
list-separator = ,{ " " }
duration-ms = { $n } ms
duration-s = { $n } s
duration-min = { $n } min
duration-h = { $n } h
duration-d = { $n } g
months = gen feb mar apr mag giu lug ago set ott nov dic
weekdays = lun mar mer gio ven sab dom
utc = { $time } UTC
since = da: { $at }
bytes-kb = { $n } kB
bytes-mb = { $n } MB
bytes-gb = { $n } GB
cpu-cores = { $n } core
cpu-percent = { $n }% di un core
not-measured = non misurato

## Vendors, needs, roles
vendor-on-premises = on premises
need-warehouses = magazzini
need-couriers = corrieri
role-viewer = visualizzatore
role-operator = operatore
role-approver = approvatore
role-auditor = auditor
role-admin = amministratore
role-or = { $first } o { $last }
scope-everywhere = ovunque
scope-groups = gruppi { $names }
scope-datacenters = data center { $names }
scope-both = gruppi { $groups } nei data center { $datacenters }

## Refusals
refusal-sign-in = Prima accedi.
refusal-role = Serve il ruolo { $roles }. Tu non ce l'hai.
refusal-scope = Il tuo ruolo { $role } vale solo qui: { $scope }. Per estenderlo rivolgiti a un amministratore.

## Problems: a title, and what it means
problem-silent = { $dc } non dà segnali
problem-silent-detail = { $n ->
    [one] Ultimo segnale: { $since }. La sua unica istanza è mostrata come sconosciuta e non è contata tra quelle in salute.
   *[other] Ultimo segnale: { $since }. Le sue { $count } istanze sono mostrate come sconosciute e non sono contate tra quelle in salute.
}
problem-never = { $dc } non ha mai inviato rapporti
problem-never-detail = La flotta lo dichiara, ma nessun agente si è registrato da lì. Non si sa che cosa vi sia in esecuzione.
problem-failing = { $service } in { $dc }: { $failing } istanze in errore su { $total }
problem-failing-detail = { $n ->
    [0] Nessuna istanza di { $service } è in servizio in { $dc }.
    [one] Lì resta in servizio una sola istanza.
   *[other] Le altre { $serving } istanze restano in servizio.
}
problem-failing-cause = { $detail } Causa: { $cause }.
problem-too-few = { $service } in { $dc }: { $serving } nodi in servizio su { $wanted }
problem-too-few-detail = { $n ->
    [0] Nessuna istanza di { $service } è in servizio in { $dc }.
    [one] Se lì si perde un'altra istanza, il servizio si ferma in { $dc }.
   *[other] La flotta ne richiede almeno { $wanted }.
}
problem-misplaced = { $service } è in esecuzione in { $dc }, dove non è previsto
problem-misplaced-detail-local = { $n ->
    [one] Un'istanza è in esecuzione
   *[other] { $count } istanze sono in esecuzione
} in una regione che non ha ciò per cui il servizio lavora.
problem-misplaced-detail = { $n ->
    [one] Lì è rimasta un'istanza
   *[other] Lì sono rimaste { $count } istanze
}; la flotta non ne prevede.
problem-one-left = { $service } è in servizio solo da { $dc }
problem-one-left-detail = Perdere { $dc } ferma { $service } per tutti gli utenti. I servizi distribuiti devono essere in servizio da almeno due data center.
problem-down = { $service } non è in servizio da nessuna parte
problem-down-detail = Nessun data center ha un'istanza in servizio.
problem-mixed = { $service } in { $dc } esegue { $count } versioni
problem-mixed-detail = { $versions } convivono e nessun aggiornamento è in corso.
problem-rewound = L'archivio di stato è tornato indietro nel tempo
problem-rewound-detail = { $n ->
    [one] Una decisione eseguita da un agente in { $places } non è nel database.
   *[other] { $count } decisioni eseguite da agenti in { $places } non sono nel database.
} Non si decide nulla finché una persona non dice di proseguire da ciò che l'archivio conosce.
problem-audit = Il registro di audit non è quello attestato da { $dc }
problem-audit-detail = Il suo agente conserva un checkpoint firmato di { $witnessed } voci, che quello di { $offered } voci non prosegue (rilevato: { $at }). Voci precedenti sono state modificate o rimosse. L'agente conserva entrambi come prova nella sua directory dei dati.
problem-paused = { $service }: il rollout di { $version } è in pausa
problem-paused-detail = { $why } { $next }
problem-stuck = { $service } non riesce a tornare a { $version }
problem-stuck-detail = Metà o più dei nodi di { $to } non si avvia, quindi gli utenti restano su { $from }. Verifica che cosa ne impedisce l'avvio, oppure annulla il rollback.
problem-rolling-back = { $service }: rollback automatico di { $version } in corso
problem-rolling-back-detail = Le richieste stanno tornando alla versione stabile. { $why }
problem-rolled-back = { $service }: rollback automatico di { $version } eseguito
problem-rolled-back-detail = Termine per annullare: { $until }. { $why }
problem-edge-refuses = { $edge } rifiuta la sua configurazione
problem-edge-refuses-detail = Resta in servizio con l'ultima che ha accettato. Nelle sue parole: { $message }
problem-edge-gone = { $edge } non è connesso
problem-edge-gone-detail = Disconnessione: { $since }. { $left } Se è ancora in esecuzione, continua con le ultime quote ricevute e un rollback non lo raggiunge.
problem-edge-unseen = { $edge } non si è mai connesso
problem-edge-unseen-detail = La flotta lo dichiara, ma nulla si è connesso con il suo nome. { $left }
problem-edge-left = { $n ->
    [0] Nessun edge di { $region } è connesso.
    [one] Un altro edge di { $region } è connesso.
   *[other] Altri { $count } edge di { $region } sono connessi.
}

## Shell
product = Mainstay
skip = Vai al contenuto
nav-label = Principale
nav-overview = Panoramica
nav-topology = Topologia
nav-attention = Da gestire
nav-audit = Registro di audit
nav-runbooks = Runbook
nav-settings = Impostazioni
nav-count = { $n ->
    [one] { $count } problema
   *[other] { $count } problemi
}
nav-build = Build { $version }
nav-keys = Premi { $key } per i tasti
find-hint = Cerca un servizio, un luogo o una pagina
find-label = Cerca
account = { $initials }, accesso eseguito come { $name }
sign-in = Accedi
loaded = Caricato: { $at }
reload = Ricarica
live = In diretta
live-reconnecting = Riconnessione
live-old = Dati vecchi
live-signed-out = Sessione chiusa
live-old-title = Nessun aggiornamento in diretta.
live-old-detail = Lo stato che vedi è di questo momento: { $at } UTC. Nuovo tentativo in corso. Le azioni funzionano ancora: ognuna viene prima verificata sullo stato attuale.
live-try = Riprova ora
live-back = Di nuovo in diretta.
live-newer = Più recenti: { $count }.
live-show = Mostra
live-problems = Problemi nuovi: { $count }. In errore: { $failing }.
live-failing = { $failing } in errore
live-outdated = È pronta una console più recente.
store-away = L'archivio dello stato non risponde.
store-away-detail = Lo stato che vedi è di questo momento: { $at }, { $age } fa. Le azioni restano in attesa finché non torna.
policy-days = Qui un giorno delle policy di backup dura { $day }.
policy-days-detail = Gli orari dei backup sono quelli delle policy; il registro di audit e i nomi delle copie seguono il tempo reale.
policy-ahead = Qui le policy di backup sono avanti di { $ahead } rispetto al calendario.
clock-local = { $time } { $city }
times-local = Mostra gli orari degli elenchi con l'ora di { $city }
times-utc = Mostra gli orari degli elenchi in UTC
printed-by = Stampato da { $name }: { $at } UTC
printed = Stampato: { $at } UTC
title = { $page } · { $product }
error-title = Errore: { $title }

## Palette and keys
palette-title = Cerca
palette-label = Vai a un servizio, un luogo o una pagina
palette-empty = Nulla con questo nome. Invio cerca ovunque.
palette-go = Vai a
palette-objects = Oggetti
palette-actions = In questa pagina
palette-recent = Viste prima
palette-elsewhere = Altrove
find-roll-back = Esegui il rollback di { $name }…
find-start-rollout = Avvia un rollout di { $name }…
find-run-bench = Esegui il banco di prova di { $name }…
find-fail-over = Avvia il failover di { $name }…
find-back-up = Esegui ora un backup di { $name }…
keys-title = Tasti
keys-close = Chiudi
keys-find = cerca: salto, ricerca
keys-go = vai a
keys-rows = riga successiva, riga precedente, apri
keys-matrix = spostati nella matrice
keys-nav = riduci la navigazione
keys-link = copia il link a questa pagina
keys-newer = mostra le righe più recenti
keys-filter = vai al filtro
keys-times = mostra gli orari degli elenchi in UTC o nel tuo fuso
keys-help = questa scheda
copied = Link copiato.

## Blocks
no-permission = Puoi guardare, non agire.
error-reference = Riferimento { $reference }.
pager-next = Avanti ({ $count })
pager-first = Prima pagina
dropped-filter = { $name } «{ $value }» qui non è noto, quindi è stato ignorato.
form-errors = { $n ->
    [one] C'è un errore
   *[other] Ci sono { $count } errori
}
chart-no-data = nessun dato
chart-table = Tabella
chart-time = Ora, UTC
crumbs-label = Dove si trova questa pagina
pager-label = Pagine
diff-same = Nessuna differenza.
diff-label = Prima e dopo
diff-before = Prima
diff-after = Dopo
nav-label-bottom = Principale, schermi piccoli

## Lists
open-subject = Apri { $name }
take-it = Prendi in carico
release-it = Rilascia
nobody = ancora nessuno
ended = fine
since-word = inizio
fleet = Flotta
fleet-dc = DC
fleet-instances = Istanze, prima le peggiori
fleet-healthy = In salute
instances = Istanze
no-instances = nessuna istanza
not-placed = non previsto
percent = { $n }%
in-place = { $service } in { $dc }
col-instance = Istanza
col-instances = Istanze
col-service = Servizio
col-group = Gruppo
col-dc = Data center
col-region = Regione
col-state = Stato
col-version = Versione
col-since = Inizio
col-restarts = Riavvii
col-cpu = CPU
col-memory = Memoria
col-nodes = Nodi richiesti
col-load = Carico
col-healthy = In salute
col-vendor = Fornitore
col-contact = Contatto
col-owner = In carico a

## Overview
overview-note = { $regions } regioni, { $datacenters } data center, { $services } servizi, { $instances } istanze
overview-question = In che stato è l'ambiente?
overview-calm = { $instances } istanze in servizio come dichiarato.
overview-bare = Nessuna flotta è ancora dichiarata.
overview-bare-detail = Mainstay mostra che cosa è in esecuzione e dove, non appena un file di flotta dice che cosa deve esserlo.
overview-bare-action = Applica un file di flotta
reporting-all = { $n ->
    [one] L'unico data center invia rapporti.
   *[other] Tutti i { $total } data center inviano rapporti.
}
reporting-some = { $n } data center su { $total } inviano rapporti.
need-none = Nulla da gestire.
need-some = { $n ->
    [one] 1 problema da gestire.
   *[other] { $count } problemi da gestire.
}
attention-order = Prima i peggiori, poi i più vecchi
attention-all = Tutti i problemi
attention-last = Fine dell'ultimo problema: { $at }.
attention-never = Nessun problema è stato ancora registrato.

## Placement
placement = Collocazione
rule-local = { $n ->
    [one] Il servizio locale è in esecuzione solo dove l'azienda ha ciò che gli serve: { $lacks }.
   *[other] I { $count } servizi locali sono in esecuzione solo dove l'azienda ha ciò che serve loro: { $lacks }.
}
rule-local-lacks = niente { $need } in { $regions }
rule-local-everywhere = { $n ->
    [one] Il servizio locale è in esecuzione in ogni regione che ne ha bisogno.
   *[other] I { $count } servizi locali sono in esecuzione in ogni regione che ne ha bisogno.
}
rule-local-astray = Servizi locali in esecuzione dove non sono previsti: { $cells }.
rule-distributed = { $n ->
    [one] Il servizio distribuito è in servizio da almeno due data center.
   *[other] Tutti i { $count } servizi distribuiti sono in servizio da almeno due data center.
}
rule-distributed-narrow = In servizio da un solo data center o da nessuno: { $names }.
rule-distributed-unknown = Non si sa se siano in servizio da due data center: { $names }. Alcuni data center non danno segnali.
rule-nodes = Tutti i { $total } posti hanno i nodi che richiedono.
rule-nodes-short = { $n ->
    [0] { $full } posti su { $total } hanno i nodi che richiedono. Ne mancano a: { $first }.
   *[other] { $full } posti su { $total } hanno i nodi che richiedono. Ne mancano a: { $first } e altri { $more }.
}
rule-nodes-rest = { $n ->
    [one] Di un altro non si sa.
   *[other] Di altri { $unknown } non si sa.
}
rule-nodes-unknown = { $full } posti su { $total } hanno i nodi che richiedono. Di { $unknown } non si sa.
absent-need = qui non è previsto: questa regione non ha { $need }
absent-named = qui non è previsto: la flotta indica solo { $regions }
absent-distributed = qui non è previsto: è in esecuzione in { $datacenters }
filter-clear = Azzera il filtro
filter-status = Filtra per stato
attention-open = Aperti
attention-open-context = I nuovi problemi compaiono qui da soli.
attention-filtered = Nessun problema aperto in questo stato: { $status }.
attention-ended = Terminati di recente
ended-word = Terminato
problem-began = Inizio
problem-lasted = Durata
problem-ended = Fine
problem-about = Oggetto
problem-meaning = Che cosa significa
problem-history = Storia
problem-history-link = Che cosa è stato fatto
facts = Dati
unknown-word = sconosciuto
not-in-fleet = Non nella flotta
region-note = { $local } ({ $zone }). Qui: { $has }.
region-has-none = niente magazzini, niente corrieri
region-tree = Che cosa è in esecuzione qui
region-place = Data center, gruppo, servizio
region-datacenters = Data center
region-vendors = Infrastruttura
region-absent = Non previsti qui
dc-services = Servizi
dc-agent = Agente
dc-healthy = Istanze in salute, ultima ora
dc-silent-detail = Ultimo segnale: { $at }. Ciò che vi è in esecuzione è mostrato com'era allora e contato come sconosciuto.
dc-never-detail = Non si sa che cosa vi sia in esecuzione finché il suo agente non si registra.
instances-order = Prima le peggiori
chart-empty = Nessuno l'ha ancora misurato.
chart-sentence = Valore { $value } (ore: { $at }), prima tra { $low } e { $high }.
open = Apri
yes = sì
front = esposto
col-datacenters = Data center
group-note = Recupero: numero { $priority } su { $groups }.
group-services = Servizi
group-order = Ordine di recupero
placement-everywhere = In esecuzione in tutti i { $count } data center.
placement-distributed = In esecuzione in { $names }.
placement-local = In esecuzione dove l'azienda ha { $need }.
placement-local-named = In esecuzione dove l'azienda ha { $need }: { $names }.
service-undeclared = La flotta non dichiara questo servizio, eppure è in esecuzione.
service-places = Dove è in esecuzione
service-recovery = Numero nell'ordine di recupero
service-version = Versione richiesta
service-nodes = Nodi in ogni data center
service-front = Gli utenti lo raggiungono direttamente
service-running = In esecuzione
version-count = { $version } ({ $count })
cell-absent = Il servizio qui non c'è, ed è giusto così.
cell-empty = Qui non ne è in esecuzione nulla.
cell-empty-detail = La flotta richiede { $wanted } nodi.
cell-unheard = { $dc } non dà segnali.
inspector-label = Selezione: { $name }
instance-now = Stato
instance-endpoint = Risponde su
instance-handle = Processo
instance-heard = Ultimo segnale
replace = Sostituisci…
replace-unheard = { $dc } non dà segnali, quindi non gli si può chiedere nulla.
replace-draining = È già in svuotamento.
replace-title = Sostituzione di { $id }
replace-note = Non è stato avviato nulla.
replace-head = Sostituisci
replace-do = Sostituisci l'istanza
replace-keep = Lasciala com'è
replace-failed = L'istanza non è stata sostituita
what-happens = Che cosa succederà
replace-drain = L'istanza smette di accettare richieste e completa quelle in corso.
replace-stop = L'istanza viene fermata.
replace-start = Un nuovo processo della versione { $version } prende il suo posto e deve superare l'health check.
replace-others = { $n ->
    [one] Nel frattempo lì resta in servizio un'altra istanza.
   *[other] Nel frattempo lì restano in servizio altre { $count } istanze.
}
replace-none-left = Nessun'altra istanza di { $service } è in servizio in { $dc }: finché la nuova non è in salute, non ce n'è nessuna.
reason = Motivo, conservato nel registro di audit
reason-hint = Facoltativo.
reason-too-long = Scrivi al massimo { $most } caratteri.
replace-changed = Non è stato fatto nulla. Ora lì è in esecuzione un altro processo: è stato sostituito dopo che hai aperto il modulo.
replace-old-form = Non è stato fatto nulla. Riapri il modulo: viene verificato su ciò che è in esecuzione ora.
kind-page = Pagina
find-title = Ricerca di «{ $q }»
find-what = Scrivi una parte di un nome.
find-what-detail = La ricerca comprende servizi, data center, regioni, gruppi, istanze e pagine.
find-none = Nulla si chiama «{ $q }».
find-none-detail = Basta una parte del nome. I problemi terminati si trovano con il loro id, per esempio at-1042.
find-more = prime { $count } voci

## Error pages
error-401 = Accedi per vedere questa pagina.
error-401-detail = Dopo torni qui.
error-forgery = Non è stato fatto nulla.
error-forgery-detail = Il modulo era troppo vecchio o non veniva da questa console. Riapri la pagina e invialo da lì.
error-404 = Questa pagina non esiste.
error-404-detail = { $path } non corrisponde a nulla che Mainstay conosca. Forse è scritto male.
error-400 = La richiesta non è stata compresa.
error-405 = Non è stato fatto nulla.
error-405-detail = Questo indirizzo accetta solo { $methods }.
error-408 = Non è stato fatto nulla.
error-408-detail = I dati inviati non sono arrivati entro { $seconds } s. Inviali di nuovo da una connessione migliore.
error-409 = Non è stato fatto nulla.
error-410 = { $what } non esiste più.
error-413 = Non è stato fatto nulla.
error-413-detail = I dati inviati superano { $limit }.
error-422 = Non è stato fatto nulla.
error-429 = Troppi tentativi.
error-429-detail = Attendi un minuto, poi riprova. Non è stato fatto nulla.
error-500 = Non è stato possibile generare questa pagina.
error-500-detail = L'errore è scritto nel log del server. Ciò che è in esecuzione nei data center non ne risente.
error-late = Il server non ha risposto in tempo.
error-late-detail = Non si sa se ciò che hai chiesto sia stato fatto: verifica prima di riprovare.
error-503 = L'archivio dello stato non risponde.
error-503-detail = Non è stato fatto nulla. Ciò che è in esecuzione nei data center prosegue. Riprova tra un minuto.

## Sign-in
sign-in-title = Accedi
sign-in-next = Dopo prosegui su { $path }.
sign-in-name = Nome utente
sign-in-password = Password
sign-in-wrong = Nome utente e password non corrispondono. Riscrivili entrambi.
sign-in-wait = { $n ->
    [one] Ci sono stati troppi tentativi. Attendi un secondo, poi riprova.
   *[other] Ci sono stati troppi tentativi. Attendi { $count } secondi, poi riprova.
}
sign-in-busy = In questo momento accedono molte persone. Riprova tra qualche secondo.
sign-in-away = L'archivio dello stato non risponde, quindi ora nessuno può accedere. Ciò che è in esecuzione prosegue.
sign-out = Esci
sign-in-passkey-wrong = Questa passkey non apre nessun account qui, o sono passati più di 5 minuti. Riprova, o scrivi nome e password.
sign-in-provider = Accedi con { $name }
sign-in-provider-away = Il servizio di accesso non risponde, quindi non può dire chi sei. Accedi con nome utente e password.
sign-in-provider-refused = Il servizio di accesso non ha confermato chi sei. Ricomincia, o accedi con nome utente e password.
sign-in-stranger = Nessun account aperto qui è collegato alla tua identità presso quel servizio. Accedi con nome utente e password e collegala in Impostazioni, Secondi fattori. Se non hai un account, chiedilo a un amministratore.
provider-going-title = Si prosegue verso { $name }
provider-going = { $name } chiede chi sei e poi ti riporta qui.
provider-going-open = Prosegui verso { $name }
provider-back-title = Ritorno da { $name }
provider-back = { $name } ha risposto. Prosegui per accedere qui.
provider-back-link = { $name } ha risposto. Prosegui per collegare la tua identità di là al tuo account qui.
provider-back-do = Prosegui
provider-denied-title = { $name } non ha confermato chi sei
provider-denied = Non è stato fatto nulla. Ricomincia quando vuoi.
second-title = Secondo passo
second-code = Codice
second-code-hint = Sei cifre dalla tua app di autenticazione, o uno dei tuoi codici di recupero.
second-wrong = Questo codice o questa passkey non appartiene all'account. Scrivi il codice che l'app mostra ora.
second-used = Questo codice è già stato usato, e ognuno vale una volta. Attendi il prossimo, al massimo 30 secondi.
second-over = L'accesso è durato più di 5 minuti, o l'account è stato modificato nel frattempo. Ricomincia.
second-again = Ricomincia
passkey-use = Usa una passkey
passkey-sign-in = Accedi con una passkey
passkey-needs-script = Una passkey richiede JavaScript, che qui non è attivo. Tutto il resto funziona senza.
passkey-unsupported = Questo browser non conosce le passkey, o solo di troppo vecchie.
passkey-waiting = Il browser chiede la passkey.
passkey-failed = Nessuna passkey usata: il browser o il dispositivo ha detto no. Riprova, o scegli un'altra via.
confirm-title = Conferma la tua identità
confirm-why = Ciò che segue può fare molti danni, quindi la console chiede di nuovo chi sei. Una conferma vale { $minutes } minuti.
confirm-do = Prosegui come { $name }
confirm-wrong-code = Password e codice non appartengono entrambi a { $name }. Riscrivi entrambi.
confirm-wrong = Questa non è la password di { $name }. Riscrivila.
confirm-needed = Non è stato fatto nulla: serve una conferma della tua identità, data da non più di { $minutes } minuti. Accedi alla console, apri { $path } e ripeti l'azione.
confirm-token = Non è stato fatto nulla: questa azione spetta a una persona che ha effettuato l'accesso alla console; un token API non vale.

## Mistakes in forms: one sentence each, which says what to write
field-name = nome
field-user-name = nome utente
field-display-name = nome visualizzato
field-password = password
field-current = password attuale
field-ids = id
field-minutes = minuti
field-days = giorni
field-time-zone = fuso orario
field-passkey-name = nome della passkey
field-datacenter = data center
field-value = valore
mistake-missing = Compila il campo «{ $field }».
mistake-form = Nel campo «{ $field }» usa solo lettere da a a z, cifre da 0 a 9 e trattini singoli, iniziando con una lettera.
mistake-ids = Scrivi gli id come sono nella flotta, separati da virgole.
mistake-line = Compila il campo «{ $field }» su una sola riga.
mistake-short = Nel campo «{ $field }» scrivi almeno { $n } caratteri.
mistake-long = Nel campo «{ $field }» scrivi al massimo { $n } caratteri.
mistake-taken = Il valore del campo «{ $field }» è già in uso. Scrivine un altro.
mistake-current = Questa non è la tua password attuale. Scrivi quella attuale.
mistake-same = Scrivi una password diversa dal nome utente.
mistake-role = Scegli almeno un ruolo.
mistake-beyond = Scegli solo ruoli e ambiti che hai anche tu.
mistake-zone = Scrivi il nome di un fuso orario, per esempio Europe/Berlin.
mistake-range = Scrivi un numero da { $least } a { $most }.
mistake-choice = Scegli una delle opzioni proposte.
mistake-config = Indica se la configurazione funziona con entrambe le versioni.
mistake-code = Scrivi le sei cifre che l'app mostra ora. Se ogni volta sono altre, regola l'orologio del dispositivo.
mistake-over = È durato più di 5 minuti, o è stato concluso in un'altra scheda. Ricomincia.
mistake-passkey = Il dispositivo non ha creato nessuna passkey. Riprova.
mistake-identity = Questa identità è collegata a un altro account qui, o il tuo account a un'altra identità dello stesso servizio. Prima togli quel collegamento.
mistake-there = Nel campo «{ $field }» scegli un valore presente nella flotta.
conflict-title = Non è stato fatto nulla.
conflict-detail = Qualcuno ha modificato { $name } dopo che hai aperto questa pagina. Sotto vedi lo stato attuale; ripeti la modifica se è ancora giusta.
last-admin-title = Non è stato fatto nulla.
last-admin-detail = Solo { $name } può ancora gestire gli accessi. Prima nomina un altro amministratore con ambito «ovunque».
not-now-title = Non è stato fatto nulla.

## Settings
settings-label = Impostazioni
settings-profile = Profilo
settings-security = Secondi fattori
settings-users = Utenti
settings-tokens = Token
settings-agents = Agenti
settings-fleet = Flotta
settings-store = Archivio di stato
store-note = Se il database conosce tutto ciò che gli agenti hanno eseguito
store-nodes = { $n ->
    [one] { $version }, 1 nodo
   *[other] { $version }, { $count } nodi
}
store-more = Non è stato fatto nulla: da quando la pagina è stata disegnata è stato trovato altro. Guardarla di nuovo.
store-nothing = Non è stato fatto nulla: non risulta mancare nulla, o qualcuno è stato più veloce.
store-frozen = Non è stato fatto nulla. L'archivio di stato è tornato indietro nel tempo e non si decide nulla finché qualcuno non dice, in Impostazioni, Archivio di stato, che si prosegue.
store-whole-head = Che cosa si sa
store-whole = Non risulta mancare nulla.
store-whole-detail = Ogni agente che si collega dice le ultime decisioni che ha accettato; il database le conosceva tutte.
store-unheard = Ora non si sentono: { $places }
store-unheard-detail = Ciò che ne seguirebbe là non è nell'elenco qui sotto.
store-rewound = { $n ->
    [one] Una decisione eseguita non è nel database
   *[other] { $count } decisioni eseguite non sono nel database
}
store-rewound-detail = Il database è più vecchio di ciò che è accaduto: è stato ripristinato, o ha preso il suo posto uno standby senza le scritture più recenti. Ora non si decide nulla: né distribuzioni, né rollout, né failover, né backup. Ciò che è in esecuzione continua.
store-next-head = Che cosa verrebbe comandato subito
store-next-note = Secondo l'archivio e gli agenti adesso
store-next-none = Nulla verrebbe distribuito o rimosso.
store-next-none-detail = Ciò che gli agenti eseguono è ciò che l'archivio vuole dei servizi.
store-now = In esecuzione
store-then = Sarebbe in esecuzione
store-nowhere = Nulla
store-lost-head = Eseguito e non conosciuto
store-subject = Di
store-token = Token della decisione
store-found = Trovato
store-go-on = Lasciar proseguire le decisioni
store-go-on-detail = Da ciò che il database conosce. Ciò che è accaduto dopo il momento a cui è stato ripristinato non c'è, compresi rollout, failover, backup e approvazioni di quel periodo.
store-going-on = Le decisioni proseguono da ciò che l'archivio conosce.
profile-card = Aspetto della console
profile-theme = Tema
theme-auto = Come il dispositivo
theme-light = Chiaro
theme-dark = Scuro
profile-density = Altezza delle righe
density-compact = 28 pixel
density-comfortable = 36 pixel
profile-language = Lingua
profile-language-hint = L'API, la riga di comando e ciò che viene registrato restano in inglese.
language-auto = Come chiede il browser
profile-zone = Fuso orario
profile-zone-hint = Mostrato accanto a UTC. Un nome come Europe/Berlin.
profile-keys = Scorciatoie a tasto singolo
profile-nav = Navigazione ridotta
profile-save = Salva il profilo
profile-saved = Profilo salvato.
profile-rights = Che cosa puoi fare
profile-password = Password
profile-password-hint = Almeno { $n } caratteri. Le altre tue sessioni terminano.
profile-current = Password attuale
profile-new-password = Nuova password
profile-change-password = Cambia la password
profile-password-saved = Password cambiata. Le altre tue sessioni sono terminate.
profile-session = Sessione
profile-session-text = Termina { $hours } ore dopo l'accesso, o dopo 30 minuti senza attività.
users-note = { $n ->
    [one] una persona
   *[other] { $count } persone
}
user-name = Nome utente
user-display-name = Nome visualizzato
user-roles = Ruoli
user-last = Ultimo accesso
user-state = Stato
user-never = mai
user-enabled = Può accedere
user-disabled = Disabilitato
user-disabled-since = Disabilitato: { $at }
user-new = Nuovo utente
user-create = Crea l'utente
user-created = Utente creato.
user-name-hint = Per l'accesso. Da a a z, da 0 a 9 e trattini; dopo non si può cambiare.
user-password-hint = Almeno { $n } caratteri. Consegnala alla persona, che la cambia in Profilo.
user-save-roles = Salva i ruoli
user-waits = Altri ruoli attendono un secondo amministratore.
user-waits-open = Apri la richiesta
user-reason = Motivo, per chi deve approvare
user-reason-hint = Più diritti di quelli attuali attendono l'approvazione di un altro amministratore; meno diritti valgono subito.
user-roles-saved = Ruoli salvati.
user-disable = Disabilita { $name }
user-disable-text = { $name } non può più accedere, le sessioni aperte terminano e i suoi token non valgono più. Per annullare, riabilita l'utente.
user-enable = Riabilita { $name }
user-was-disabled = Utente disabilitato. Sessioni terminate.
user-was-enabled = Utente riabilitato.
user-reset = Imposta una nuova password
user-factors = Secondo fattore
user-factors-none = Nessuno
user-factors-app = App di autenticazione
user-factors-passkeys = { $n ->
    [one] Una passkey
   *[other] { $count } passkey
}
user-factors-reset = Togli i secondi fattori
user-factors-reset-text = Per chi ha perso il dispositivo e i codici di recupero. { $name } accede poi con la sola password; tutte le sessioni finiscono ora. Assicurati che sia { $name } a chiederlo.
user-factors-reset-done = Secondi fattori tolti. Le sessioni dell'utente sono finite.
security-note = Con che cosa ti identifichi oltre alla password
security-must = Prima registra un secondo fattore.
security-must-detail = Su questo server il tuo ruolo ne richiede uno. Basta un'app di autenticazione o una passkey; poi si apre il resto della console.
security-app = App di autenticazione
security-app-none = Un'app sul telefono mostra sei cifre che cambiano ogni 30 secondi.
security-app-add = Configura un'app
security-app-scan = Fai leggere l'immagine all'app, o digita il segreto. Poi scrivi il codice che mostra.
security-app-qr = Codice QR con il segreto per l'app
security-app-secret = Segreto
security-app-code = Codice
security-app-code-hint = Sei cifre, per essere certi che l'app abbia il segreto.
security-app-finish = Aggiungi l'app
security-app-added = App di autenticazione aggiunta. D'ora in poi ogni accesso chiede il suo codice.
security-app-remove = Rimuovi l'app
security-app-removed = App di autenticazione rimossa.
security-since = Da
security-used = Ultimo uso
security-recovery = Codici di recupero
security-recovery-none = Con il primo secondo fattore arrivano 10 codici per quando il dispositivo va perso.
security-recovery-left = { $n ->
    [one] Resta { $count } codice.
   *[other] Restano { $count } codici.
}
security-recovery-new-detail = I nuovi codici annullano tutti i precedenti.
security-recovery-new = Crea nuovi codici
security-codes = Conserva questi codici dove li trovi senza il tuo dispositivo.
security-codes-detail = Ognuno ti fa entrare una volta, al posto del secondo fattore. Vengono mostrati solo ora.
security-codes-list = Codici di recupero
passkeys-caption = Le passkey
passkeys-off = Le passkey sono disattivate: al server non è stato indicato il suo indirizzo pubblico (--public-url), al quale i browser le legano.
passkeys-full = Ci sono { $n } passkey, il massimo possibile. Rimuovine una che non usi.
passkey-new = Nuova passkey
passkey-what = Una chiave che resta in un dispositivo o in un gestore di password, aperta con un dito, il volto o un PIN. Vale solo per questa console, quindi nessun altro sito può chiederla.
passkey-name = Nome
passkey-name-hint = Per riconoscerla, per esempio il dispositivo in cui si trova.
passkey-add = Aggiungi una passkey
passkey-added = Passkey aggiunta.
passkey-remove = Rimuovi { $name }
passkey-remove-column = Rimozione
passkey-removed = Passkey rimossa.
identities-caption = Identità collegate
identity-shown = Nome presso il servizio
identity-issuer = Servizio di accesso
identity-what = Con la tua identità presso { $name } accedi senza nome utente e password. Un secondo fattore viene chiesto come prima.
identity-link = Collega con { $name }
identity-linked = Identità collegata. D'ora in poi puoi accedere con essa.
identity-not-linked = Non è stato collegato nulla.
identity-away = Il servizio di accesso non risponde. Riprova tra un minuto.
identity-refused = Il servizio di accesso non ha confermato chi sei. Ricomincia.
identity-remove = Rimuovi il collegamento con { $name }
identity-remove-column = Rimozione
identity-removed = Collegamento rimosso. Con quell'identità non accedi più.
user-identity = { $name } ({ $issuer })
user-reset-done = Password impostata. Le sessioni dell'utente sono terminate.
user-reset-button = Imposta la password
grants-legend = Ruoli, ciascuno con il suo ambito
grants-hint = Gruppi o data center vuoti significano tutti. Più valori si separano con virgole.
grants-role = Ruolo
grants-groups = Gruppi
grants-datacenters = Data center
grants-groups-of = Gruppi di { $role }
grants-datacenters-of = Data center di { $role }
tokens-note = Per i programmi. Si invia come Authorization: Bearer.
tokens-caption = Token API
tokens-empty = Non ci sono token.
tokens-empty-context = Un programma accede con un token invece che con una password.
token-name = Nome
token-owner = Titolare
token-expires = Scadenza
token-used = Ultimo uso
token-never = mai
token-new = Nuovo token
token-days = Validità in giorni
token-days-hint = Da 1 a { $most }.
token-create = Crea il token
token-shown = Token { $name } creato. Copialo ora.
token-shown-detail = È mostrato solo questa volta. Chi lo possiede agisce a tuo nome fino alla scadenza: { $at }.
token-label = Il token
token-revoke = Revoca { $name }
token-revoked = Token revocato. Da ora non vale più.
token-state-active = Attivo
token-state-expired = Scaduto
token-state-revoked = Revocato
agents-certificates = Certificati
agents-empty = Nessun agente si è ancora registrato.
agents-empty-context = Crea un token di adesione e usalo per avviare l'agente di un data center.
agents-fingerprint = Impronta
agents-issued = Emissione
agents-expires = Scadenza
agents-datacenter = Data center
agents-revoke = Revoca { $name }
agents-revoked = Certificato revocato. L'agente deve registrarsi di nuovo.
agents-joins = Token di adesione
agents-joins-empty = Nessun token di adesione è stato ancora creato.
agents-join-by = Creato da
agents-join-at = Creazione
agents-join-state = Stato
agents-join-open = Valido fino a: { $at }
agents-join-used = Usato: { $at }
agents-join-expired = Scaduto: { $at }
agents-new = Fai registrare un agente
agents-minutes = Validità in minuti
agents-minutes-hint = Da 1 a { $most }. Il token funziona una volta sola.
agents-create = Crea il token di adesione
agents-shown = Token di adesione per { $datacenter } creato. Copialo ora.
agents-shown-detail = È mostrato solo questa volta e funziona una volta sola, entro la scadenza: { $at }. Avvia l'agente con il token in MAINSTAY_JOIN_TOKEN.
agents-label = Il token di adesione

## Topology
view-label = Vista
view-matrix = Servizi per DC
view-regions = Regioni
view-list = Elenco
by-label = Colora per
by-health = Salute
by-version = Versione
by-load = Carico
draining-word = in svuotamento
topology-first = Prima i problemi
topology-order = Ordine di recupero
topology-list = Servizi per data center
topology-nothing = Nulla corrisponde al filtro.
topology-nothing-detail = L'ambiente ha servizi e data center che il filtro esclude.
filter-name = Il nome contiene
filter-all = Tutti
filter-do = Filtra
legend-version = Pieno: la versione più recente in esecuzione. Contorno: la precedente. Triangolo: più vecchia.
legend-load = Uso medio della CPU delle istanze di una cella, in percentuale di un core. Cinque livelli: sotto 20, 40, 60, 80 e oltre.

## Audit log
audit-sign-in = { $how ->
    [done] Ha effettuato l'accesso
   *[tried] Ha tentato di accedere
}
audit-sign-out = { $how ->
    [done] Ha chiuso la sessione
   *[tried] Ha tentato di chiudere la sessione
}
audit-confirm = { $how ->
    [done] Ha confermato la propria identità
   *[tried] Ha tentato di confermare la propria identità
}
audit-first-step = primo di due passi
audit-factor-add = { $how ->
    [done] Ha aggiunto un secondo fattore
   *[tried] Ha tentato di aggiungere un secondo fattore
}
audit-factor-remove = { $how ->
    [done] Ha rimosso un secondo fattore
   *[tried] Ha tentato di rimuovere un secondo fattore
}
audit-factor-reset = { $how ->
    [done] Ha tolto i secondi fattori
   *[tried] Ha tentato di togliere i secondi fattori
}
audit-recovery-codes = { $how ->
    [done] Ha creato nuovi codici di recupero
   *[tried] Ha tentato di creare nuovi codici di recupero
}
audit-identity-link = { $how ->
    [done] Ha collegato un'identità
   *[tried] Ha tentato di collegare un'identità
}
audit-identity-unlink = { $how ->
    [done] Ha rimosso il collegamento con un'identità
   *[tried] Ha tentato di rimuovere il collegamento con un'identità
}
factor-app-with = app di autenticazione
factor-recovery-with = codice di recupero
factor-passkey-with = con passkey
factor-identity-with = identità collegata
audit-user-create = { $how ->
    [done] Ha creato un utente
   *[tried] Ha tentato di creare un utente
}
audit-user-change = { $how ->
    [done] Ha modificato un utente
   *[tried] Ha tentato di modificare un utente
}
audit-user-disable = { $how ->
    [done] Ha disabilitato un utente
   *[tried] Ha tentato di disabilitare un utente
}
audit-password-change = { $how ->
    [done] Ha cambiato la password
   *[tried] Ha tentato di cambiare la password
}
audit-profile-change = { $how ->
    [done] Ha modificato il profilo
   *[tried] Ha tentato di modificare il profilo
}
audit-token-create = { $how ->
    [done] Ha creato un token API
   *[tried] Ha tentato di creare un token API
}
audit-token-revoke = { $how ->
    [done] Ha revocato un token API
   *[tried] Ha tentato di revocare un token API
}
audit-join-token-create = { $how ->
    [done] Ha creato un token di adesione
   *[tried] Ha tentato di creare un token di adesione
}
audit-agent-join = { $how ->
    [done] Ha rilasciato un certificato a un agente
   *[tried] Ha respinto un agente
}
audit-agent-revoke = { $how ->
    [done] Ha revocato il certificato di un agente
   *[tried] Ha tentato di revocare il certificato di un agente
}
audit-fleet-apply = { $how ->
    [done] Ha applicato un file di flotta
   *[tried] Ha tentato di applicare un file di flotta
}
audit-store-rewound = Trovato che l'archivio di stato è tornato indietro nel tempo
audit-store-go-on = { $how ->
    [done] Ha lasciato proseguire le decisioni dopo che l'archivio di stato è tornato indietro
   *[tried] Ha provato a lasciar proseguire le decisioni dopo che l'archivio di stato è tornato indietro
}
audit-datacenter-forget = { $how ->
    [done] Ha dimenticato un data center
   *[tried] Ha tentato di dimenticare un data center
}
audit-deploy = { $how ->
    [done] Ha ordinato un deployment
   *[tried] Ha tentato di ordinare un deployment
}
audit-remove = { $how ->
    [done] Ha ordinato una rimozione
   *[tried] Ha tentato di ordinare una rimozione
}
audit-instance-replace = { $how ->
    [done] Ha ordinato una sostituzione
   *[tried] Ha tentato di ordinare una sostituzione
}
audit-command-result = { $how ->
    [done] Ha eseguito un comando
   *[tried] Non ha eseguito un comando
}
audit-problem-open = { $how ->
    [done] Ha rilevato un problema
   *[tried] Ha tentato di registrare un problema
}
audit-problem-close = { $how ->
    [done] Ha visto terminare un problema
   *[tried] Ha tentato di chiudere un problema
}
audit-problem-take = { $how ->
    [done] Ha preso in carico un problema
   *[tried] Ha tentato di prendere in carico un problema
}
audit-problem-release = { $how ->
    [done] Ha rilasciato un problema
   *[tried] Ha tentato di rilasciare un problema
}
audit-rollout-start = { $how ->
    [done] Ha avviato un rollout
   *[tried] Ha tentato di avviare un rollout
}
audit-rollout-pause = { $how ->
    [done] Ha messo in pausa un rollout
   *[tried] Ha tentato di mettere in pausa un rollout
}
audit-rollout-resume = { $how ->
    [done] Ha ripreso un rollout
   *[tried] Ha tentato di riprendere un rollout
}
audit-rollout-promote = { $how ->
    [done] Ha promosso una versione
   *[tried] Ha tentato di promuovere una versione
}
audit-rollout-abort = { $how ->
    [done] Ha interrotto un rollout
   *[tried] Ha tentato di interrompere un rollout
}
audit-rollout-roll-back = { $how ->
    [done] Ha eseguito il rollback di una versione
   *[tried] Ha tentato di eseguire il rollback di una versione
}
audit-rollout-undo = { $how ->
    [done] Ha annullato un rollback
   *[tried] Ha tentato di annullare un rollback
}
audit-rollout-retry = { $how ->
    [done] Ha riprovato un passo di un rollout
   *[tried] Ha tentato di ripetere un passo di un rollout
}
audit-rollout-end = { $how ->
    [done] Ha chiuso un rollout
   *[tried] Ha tentato di chiudere un rollout
}
audit-rollout-reason = { $how ->
    [done] Ha indicato il motivo del ritiro di una versione
   *[tried] Ha tentato di indicare il motivo del ritiro di una versione
}
audit-rollout-step = { $how ->
    [done] Ha portato un rollout al passo successivo
   *[tried] Ha tentato di portare un rollout al passo successivo
}
audit-quarantine-lift = { $how ->
    [done] Ha revocato una quarantena
   *[tried] Ha tentato di revocare una quarantena
}
audit-bench-run = { $how ->
    [done] Ha ordinato un banco di prova di staging
   *[tried] Ha tentato di ordinare un banco di prova di staging
}
audit-backup-ask = { $how ->
    [done] Ha chiesto un backup
   *[tried] Ha tentato di chiedere un backup
}
audit-backup-step = { $how ->
    [done] Ha portato un'esecuzione di backup allo stato successivo
   *[tried] Ha tentato di portare un'esecuzione di backup allo stato successivo
}
audit-backup-days = { $how ->
    [done] Ha cambiato la velocità con cui passano i giorni delle policy di backup
   *[tried] Ha tentato di cambiare la velocità con cui passano i giorni delle policy di backup
}
audit-restore-ask = { $how ->
    [done] Ha chiesto un ripristino su un database attivo
   *[tried] Ha tentato di chiedere un ripristino su un database attivo
}
audit-restore-allow = { $how ->
    [done] Ha autorizzato un ripristino su un database attivo
   *[tried] Ha tentato di autorizzare un ripristino su un database attivo
}
audit-restore-refuse = { $how ->
    [done] Ha rifiutato un ripristino su un database attivo
   *[tried] Ha tentato di rifiutare un ripristino su un database attivo
}
audit-restore-step = { $how ->
    [done] Ha portato un ripristino allo stato successivo
   *[tried] Ha tentato di portare un ripristino allo stato successivo
}
audit-restore-keep-longer = { $how ->
    [done] Ha prorogato una copia ripristinata
   *[tried] Ha tentato di prorogare una copia ripristinata
}
audit-restore-let-go = { $how ->
    [done] Ha eliminato ciò che un ripristino aveva lasciato
   *[tried] Ha tentato di eliminare ciò che un ripristino aveva lasciato
}
audit-failover-start = { $how ->
    [done] Ha avviato un failover
   *[tried] Ha tentato di avviare un failover
}
audit-failover-allow = { $how ->
    [done] Ha autorizzato un failover
   *[tried] Ha tentato di autorizzare un failover
}
audit-failover-refuse = { $how ->
    [done] Ha rifiutato un failover
   *[tried] Ha tentato di rifiutare un failover
}
audit-failover-pause = { $how ->
    [done] Ha messo in pausa un failover
   *[tried] Ha tentato di mettere in pausa un failover
}
audit-failover-resume = { $how ->
    [done] Ha ripreso un failover
   *[tried] Ha tentato di riprendere un failover
}
audit-failover-retry = { $how ->
    [done] Ha riprovato un passo di un failover
   *[tried] Ha tentato di ripetere un passo di un failover
}
audit-failover-skip = { $how ->
    [done] Ha saltato un passo di un failover
   *[tried] Ha tentato di saltare un passo di un failover
}
audit-failover-stop = { $how ->
    [done] Ha fermato un failover
   *[tried] Ha tentato di fermare un failover
}
audit-failover-override = { $how ->
    [done] Ha derogato a una regola di sicurezza di un failover in corso
   *[tried] Ha tentato di derogare a una regola di sicurezza di un failover in corso
}
audit-failover-force = { $how ->
    [done] Ha forzato un failover: i dati non si attendono
   *[tried] Ha tentato di forzare un failover
}
audit-failover-gate = { $how ->
    [done] Ha cambiato un gate dei failover
   *[tried] Ha tentato di cambiare un gate dei failover
}
audit-failover-drill-plan = { $how ->
    [done] Ha pianificato un'esercitazione
   *[tried] Ha tentato di pianificare un'esercitazione
}
audit-failover-drill-cancel = { $how ->
    [done] Ha annullato un'esercitazione pianificata
   *[tried] Ha tentato di annullare un'esercitazione pianificata
}
audit-failover-drill-miss = { $how ->
    [done] Ha mancato un'esercitazione pianificata
   *[tried] Ha tentato di chiudere un'esercitazione pianificata
}
audit-approval-ask = { $how ->
    [done] Ha chiesto una seconda persona
   *[tried] Ha tentato di chiedere una seconda persona
}
audit-approval-give = { $how ->
    [done] Ha approvato
   *[tried] Ha tentato di approvare
}
audit-approval-refuse = { $how ->
    [done] Ha rifiutato di approvare
   *[tried] Ha tentato di rifiutare un'approvazione
}
audit-approval-withdraw = { $how ->
    [done] Ha ritirato una richiesta di approvazione
   *[tried] Ha tentato di ritirare una richiesta di approvazione
}
audit-approval-lapse = { $how ->
    [done] Ha chiuso una richiesta di approvazione
   *[tried] Ha tentato di chiudere una richiesta di approvazione
}
audit-failover-step = { $how ->
    [done] Ha portato un failover al passo successivo
   *[tried] Ha tentato di portare un failover al passo successivo
}
audit-runbook-apply = { $how ->
    [done] Ha modificato i runbook della flotta
   *[tried] Ha tentato di modificare i runbook della flotta
}
audit-runbook-start = { $how ->
    [done] Ha iniziato un runbook
   *[tried] Ha tentato di iniziare un runbook
}
audit-runbook-step = { $how ->
    [done] Ha scritto a un passo di un runbook
   *[tried] Ha tentato di scrivere a un passo di un runbook
}
audit-runbook-end = { $how ->
    [done] Ha concluso l'esecuzione di un runbook
   *[tried] Ha tentato di concludere l'esecuzione di un runbook
}
audit-alias-create = { $how ->
    [done] Ha creato un link breve
   *[tried] Ha tentato di creare un link breve
}
audit-alias-change = { $how ->
    [done] Ha modificato o rivisto un link breve
   *[tried] Ha tentato di modificare un link breve
}
audit-alias-remove = { $how ->
    [done] Ha rimosso un link breve
   *[tried] Ha tentato di rimuovere un link breve
}
audit-event-plan = { $how ->
    [done] Ha pianificato un evento
   *[tried] Ha tentato di pianificare un evento
}
audit-event-change = { $how ->
    [done] Ha modificato un evento
   *[tried] Ha tentato di modificare un evento
}
audit-event-start = { $how ->
    [done] Ha avviato un evento
   *[tried] Ha tentato di avviare un evento
}
audit-event-end = { $how ->
    [done] Ha concluso un evento
   *[tried] Ha tentato di concludere un evento
}
audit-event-cancel = { $how ->
    [done] Ha annullato un evento
   *[tried] Ha tentato di annullare un evento
}
audit-event-waive = { $how ->
    [done] Ha chiesto di procedere a un evento senza una verifica
   *[tried] Ha tentato di chiedere un evento senza una verifica
}
audit-event-tick = { $how ->
    [done] Ha spuntato una verifica di un evento
   *[tried] Ha tentato di spuntare una verifica di un evento
}
audit-database-work = { $how ->
    [done] Ha ordinato un lavoro su un database
   *[tried] Ha tentato di ordinare un lavoro su un database
}
audit-database-result = { $how ->
    [done] Ha acquisito l'esito di un lavoro su un database
   *[tried] Ha acquisito il fallimento di un lavoro su un database
}
audit-bench-result = { $how ->
    [done] Ha acquisito un esito del banco di prova
   *[tried] Ha tentato di acquisire un esito del banco di prova
}
audit-node-test = { $how ->
    [done] Ha ordinato il test di un nodo
   *[tried] Ha tentato di ordinare il test di un nodo
}
audit-audit-export = { $how ->
    [done] Ha esportato il registro di audit
   *[tried] Ha tentato di esportare il registro di audit
}
audit-evidence-pack = { $how ->
    [done] Ha creato un fascicolo di prove
   *[tried] Ha tentato di creare un fascicolo di prove
}
audit-period = dal { $from } al { $until }
audit-words = Parole
audit-cut = La ricerca è durata troppo ed è stata interrotta. Potrebbero esserci voci più vecchie che corrispondono: restringere per tempo, persona o oggetto.
audit-matches = { $n ->
    [one] { $count } voce corrisponde.
   *[other] { $count } voci corrispondono.
}
audit-matches-least = Almeno { $count } voci corrispondono.
audit-chain-checked = Catena verificata { $at }, { $count } voci, integra.
audit-chain-unread = La catena non è ancora stata verificata; la prima lettura è in corso.
audit-chain-broken = La catena è interrotta
audit-chain-found = { $what } Rilevato { $at }.
problem-audit-broken = Il registro di audit non è quello firmato
problem-audit-broken-at = Il registro di audit non è quello firmato: voce { $entry }
problem-audit-broken-detail = { $what } { $n ->
    [0] Rilevato { $at }.
   *[other] C'è dell'altro ({ $more }). Rilevato { $at }.
} Nessuno può farlo dalla console.
trail-title = Che cosa vi appartiene
trail-stage = Parte
trail-request = Richiesta
trail-approve = Approvazione
trail-action = Azione
trail-effect = Effetto
trail-evidence = Prova
trail-alone = Nessun'altra voce vi appartiene.
trail-alone-detail = Le voci vanno insieme se sono di una stessa richiesta, o di uno stesso failover, rollout, ripristino, backup, evento, approvazione o problema.
trail-cut = Ci sono altre voci oltre a queste; cercare l'id per vederle tutte.
trail-shows = Che cosa mostra com'è andata
trail-answered = { $what }: { $said }, { $by }
trail-approval = { $what }: { $said }
trail-group = { $group }: { $took } ({ $asked })
trail-asked = richiesti al massimo { $n } min
trail-not-asked = il gruppo non è più nella flotta
trail-not-over = non ripristinato in questa esecuzione
trail-proven = Un ripristino di prova della stessa copia era riuscito prima
trail-unproven = Senza il ripristino di prova necessario
trail-restore-waits = Attende una seconda persona
trail-restore-refused = Rifiutato { $at }
trail-restore-runs = In corso da { $at }
trail-restore-done = Concluso { $at }
trail-restore-failed = Fallito { $at }
evidence-link = Prove
evidence-title = Fascicoli di prove
evidence-note = Ciò che i revisori portano con sé di un periodo: un archivio, con la sua somma di controllo nel registro di audit.
evidence-period = Periodo
evidence-month = Mese
evidence-choose = Mostra
evidence-holds = Che cosa conterrebbe un fascicolo
evidence-part = Parte
evidence-count = Righe
evidence-failovers = Failover ed esercitazioni, con RTO e RPO
evidence-databases = Database con le loro copie
evidence-proofs = Prove di ripristino
evidence-restores = Ripristini
evidence-approvals = Approvazioni e revisioni d'emergenza
evidence-waivers = Deroghe ai controlli
evidence-fleet = Modifiche della flotta
evidence-policies = Modifiche di altre regole
evidence-access = Modifiche degli accessi
evidence-findings = Problemi aperti alla fine
evidence-availability = Servizi e regioni con la loro disponibilità
evidence-entries = Voci del registro di audit
evidence-make = Crea il fascicolo
evidence-missing = Che cosa manca
evidence-complete = Non manca nulla.
evidence-complete-detail = Tutto ciò che appartiene al fascicolo è stato misurato ed è presente.
evidence-packs = Fascicoli creati
evidence-none = Nessun fascicolo è stato ancora creato.
evidence-none-detail = Ogni fascicolo creato è elencato qui con la sua somma di controllo.
evidence-made = Creato
evidence-sum = SHA-256 dell'archivio
evidence-size = Dimensione
evidence-check = Come verificare un fascicolo
evidence-how = Chi ha l'archivio lo verifica senza server: ogni file con la sua somma di controllo, e la parte del registro di audit con i checkpoint firmati. Confrontare la somma di controllo dell'archivio stampata con quella qui sopra.
evidence-order = La fine non è dopo l'inizio. Questo è invece il mese scorso.
evidence-long = Un fascicolo copre al massimo 400 giorni. Questo è invece il mese scorso.
evidence-future = Questo periodo non è ancora iniziato. Questo è invece il mese scorso.
audit-sentence = { $action } ({ $detail })
audit-changes = { $n ->
    [one] 1 modifica
   *[other] { $count } modifiche
}
audit-lacks-sign-in = nessuno aveva effettuato l'accesso
audit-lacks-role = serve il ruolo { $roles }
audit-lacks-scope = { $role } solo per { $scope }
audit-who-token = { $owner }, con il token { $token }
audit-who-agent = l'agente di { $dc }
audit-who-system = Mainstay ({ $part })
audit-who-anonymous = senza accesso, { $address }
audit-done = Eseguito
audit-refused = Rifiutato
audit-failed = Fallito
audit-checkpoint = Ultimo checkpoint firmato: { $count } voci, { $at }.
audit-no-checkpoint = Nessun checkpoint è stato ancora firmato.
audit-verify = Verifica
audit-export-csv = Esporta in CSV
audit-export-jsonl = Esporta in JSON lines
audit-entries = Voci
audit-order = Prima le più recenti
audit-time = Ora, UTC
audit-time-local = Ora
audit-who = Chi
audit-what = Che cosa
audit-object = Oggetto
audit-result = Esito
audit-entry = Voce
audit-from = Da, UTC
audit-to = A, UTC
audit-placing = in inserimento
audit-reason = Motivo: { $reason }
audit-empty = Nulla è stato ancora registrato.
audit-empty-detail = Ogni modifica, e ogni tentativo rifiutato, è scritto qui quando avviene.
audit-nothing = Nessuna voce corrisponde al filtro.
audit-nothing-detail = Gli orari sono in UTC: 2026-11-20 03:12, 03:12 o -6h. Gli oggetti sono indirizzi: /services/feed-api.
audit-entry-title = Voce { $seq }
audit-changed = Che cosa è cambiato
audit-no-values = La voce non ha valori precedenti o successivi.
audit-proof = Prova
audit-earlier = Voce precedente
audit-later = Voce successiva
audit-none = nessuno
audit-when = Quando
audit-action = Azione
audit-why = Motivo
audit-request = Richiesta
audit-leaf = Hash della foglia
audit-proven = Nel registro firmato
audit-proven-detail = { $n ->
    [one] 1 hash porta da questo testo al checkpoint di { $count } voci (firma: { $at }).
   *[other] { $hashes } hash portano da questo testo al checkpoint di { $count } voci (firma: { $at }).
}
audit-waiting = Non ancora firmata
audit-waiting-detail = Finora nessun checkpoint la contiene. Il prossimo arriva entro un secondo.
audit-broken = Non è ciò che è stato firmato
audit-broken-leaf = Il testo non corrisponde all'hash della sua foglia. Verifica l'intero registro.
audit-broken-note = La firma del checkpoint più recente non regge. Verifica l'intero registro.
audit-broken-proof = La voce non porta alla radice firmata. Verifica l'intero registro.
audit-verify-how = Verifica da te
audit-verify-title = Verifica del registro di audit
audit-verify-what = Ogni voce è una foglia di un albero di Merkle (RFC 6962), e l'albero viene firmato ogni volta che cresce. Chi ha un'esportazione, la chiave e un checkpoint più vecchio può trovare ogni voce modificata, cancellata, spostata, inserita o tagliata. Il server non serve.
audit-verify-codes = Termina con 0 quando il registro è integro, con 1 quando è stato modificato, e allora elenca ogni voce, e con 2 quando non è stato possibile leggerlo.
audit-steps = Come verificare
audit-step-export = Esporta l'intero registro da dove il database è raggiungibile (DATABASE_URL).
audit-step-key = Verifica l'esportazione con la chiave presa da una fonte di cui ti fidi: audit.pub della directory dei dati, o una tua copia.
audit-step-witness = Verificala rispetto a un checkpoint conservato altrove. Così si scopre un registro accorciato o riscritto per intero.
audit-newest = Checkpoint più recente
audit-newest-keep = Di tanto in tanto conservane una copia fuori da questo sistema. Ogni agente ne conserva uno da sé.
audit-signed = Firma
audit-covers = Voci
audit-key = Chiave di verifica
audit-key-trust = Questa è la chiave che il registro stesso indica. Confrontala con una copia di cui ti fidi prima di farci affidamento.

## Settings: fleet
fleet-title = Flotta
fleet-note = Revisione { $revision }, applicata da { $who }: { $at }.
fleet-none = Nessuna flotta è in vigore.
fleet-none-detail = Scrivi qui sotto un file di flotta, verificalo e applicalo.
fleet-in-force = In vigore
fleet-revision = Revisione
fleet-applied = Applicazione
fleet-by = Applicata da
fleet-reason = Motivo
fleet-regions = Regioni
fleet-datacenters = Data center
fleet-groups = Gruppi
fleet-services = Servizi
fleet-instances-asked = Istanze richieste
fleet-databases = Database
fleet-policies = Policy di backup
fleet-edges = Edge
fleet-file = File di flotta
fleet-file-label = Il file di flotta in vigore
fleet-change = Modifica la flotta
fleet-source = File di flotta (TOML)
fleet-source-hint = Al massimo { $most }. Ciò che è in esecuzione viene portato a quanto dice il file, un passo alla volta.
fleet-why = Motivo, conservato nel registro di audit
fleet-why-hint = Da { $least } a { $most } caratteri. Obbligatorio per applicare.
fleet-check = Verifica il file
fleet-apply = Applica la flotta
fleet-not-applied = La flotta non è stata applicata
fleet-findings = Errori nel file
fleet-findings-count = { $n ->
    [one] Il file ha un errore, elencato con la sua riga. Correggilo.
   *[other] Il file ha { $count } errori, elencati con le loro righe. Correggili.
}
fleet-line = Riga
fleet-mistake = Errore
fleet-instead = Che cosa scrivere
fleet-too-large = Il file ha { $bytes } byte; il massimo accettato è { $most }.
fleet-difference = Che cosa cambierebbe
fleet-difference-note = Rispetto alla revisione { $revision }
fleet-difference-first = Rispetto a nulla: nessuna flotta è in vigore
fleet-same = Non cambierebbe nulla.
fleet-same-detail = Il file dice ciò che è già in vigore.
fleet-more = Altre { $count } modifiche non sono elencate.
fleet-kind = Tipo
fleet-id = Nome
fleet-how = Modifica
fleet-fields = Valori
fleet-added = Aggiunta
fleet-removed = Rimozione
fleet-changed = Modifica
fleet-itself = flotta
fleet-unset = non impostato
fleet-blocked = Queste rimozioni devono attendere
fleet-blocked-note = Lì qualcosa è ancora in esecuzione
fleet-conflict = Non è stato fatto nulla.
fleet-conflict-detail = Ora è in vigore la revisione { $revision }. La differenza qui sotto è rispetto a quella. Applica di nuovo se è ancora ciò che vuoi.
fleet-unseen = Non è stato fatto nulla.
fleet-unseen-detail = Il file non è quello che è stato verificato. La differenza qui sotto è ciò che cambierebbe. Applica di nuovo se è ciò che vuoi.
fleet-mistake-source = Scrivi un file di flotta.
fleet-mistake-reason = Scrivi il motivo, da { $least } a { $most } caratteri.
fleet-mistake-blocked = Lascia nel file ciò che è ancora in esecuzione, come elencato.
fleet-good = Il file è corretto.
fleet-good-detail = Non è stato ancora applicato nulla.
fleet-done = La revisione { $revision } della flotta è in vigore.
fleet-done-detail = Da ora ciò che è in esecuzione la segue.
instance-gone = Non compare più nei rapporti

## Forgetting a data centre
forget = Dimentica…
forget-title = Dimentica { $dc }
forget-head = Dimenticalo
forget-note = Non è stato avviato nulla.
forget-last = Ultimo segnale: { $at }. Allora riportava { $n ->
    [0] nessuna istanza
    [one] un'istanza
   *[other] { $count } istanze
}.
forget-state = Ciò che ha riportato viene rimosso da ogni server. Il registro di audit e la sua storia restano.
forget-fleet = Il prossimo file di flotta può ometterlo.
forget-back = Se poi il suo agente invia rapporti, il data center e ciò che vi è in esecuzione ricompaiono.
forget-name = Nome del data center
forget-name-hint = Scrivi { $dc }.
forget-do = Dimentica il data center
forget-keep = Lascialo
forget-failed = Non è stato dimenticato nulla
forget-mistake-name = Scrivi il nome del data center: { $dc }.
forget-mistake-reason = Scrivi il motivo, da { $least } a { $most } caratteri.
forget-kept-nothing = Di lui non si sa nulla. Un file di flotta può ometterlo.
forget-kept-service = La flotta conta su di lui. Scrivi “retired = true” nella sua voce e applica prima quella modifica.
forget-kept-reporting = Il suo agente invia rapporti.
forget-kept-lately = Ha dato segnali di recente e può tornare da sé. Si potrà dimenticare da questo momento: { $at }.
forget-changed = Non è stato fatto nulla. Nel frattempo ha dato segnali, oppure qualcuno è arrivato prima.

## Components
dev-title = Componenti
dev-buttons = Pulsanti
dev-empty = Vuoto
dev-error = Errore
dev-refused = Nessun permesso
dev-verdict = Verdetto
dev-choices = Scelte
dev-table = Tabella
dev-form = Modulo
dev-mistake = Scrivi il motivo, almeno 10 caratteri

## Rollouts: shares, states, reasons
weight = { $n }%
odds = { $version } fallisce 1 richiesta su { $n }
odds-none = { $version } non ha fallito nessuna di { $n } richieste
odds-all = { $version } fallisce ogni richiesta
odds-unknown = { $version } non ha ricevuto richieste
rollout-preparing = Avvio di { $version }
rollout-testing = Test di { $instance }
rollout-joining = Il nuovo nodo accetta richieste
rollout-shifting = Spostamento a quota { $share }
rollout-watching = In osservazione a quota { $share }
rollout-watching-node = Nuovo nodo in osservazione
rollout-paused = In pausa
rollout-paused-at = In pausa a quota { $share }
rollout-paused-planned = Attende una persona a quota { $share }
rollout-paused-analysis = Messo in pausa dall'analisi a quota { $share }
rollout-promoted = Promosso
rollout-rolling-back = Rollback a { $version } in corso
rollout-rolled-back = Rollback eseguito
pause-asked = Messo in pausa da { $by }.
pause-planned = Il passo è superato, e il piano vuole che sia una persona a proseguire.
pause-undecided = Il tempo di osservazione è trascorso due volte e l'analisi non è né superata né fallita.
pause-no-data = Troppo poche richieste per decidere: ne servono { $needed }, ce ne sono { $requests }.
pause-not-measured = Non è stato possibile misurare { $what }.
pause-not-ready = In { $dc } sono in servizio { $serving } nuove istanze su { $wanted }; le altre non si sono avviate in tempo.
pause-not-acknowledged = { $edge } non ha confermato in tempo le nuove quote.
reasons = Motivi
reasons-until = Fino a: { $until }.
reason-add = Aggiungi un motivo
log-reason = { $by }: { $reason }
pause-edge-away = { $edge } non è connesso e continua a inviare richieste a nodi che il prossimo passo rimuoverebbe.
pause-agent-lost = L'agente di { $dc } non dà segnali, quindi non si sa che cosa vi sia in esecuzione.
pause-next-asked = Riprendi per proseguire, oppure esegui il rollback.
pause-next-planned = Promuovi o riprendi per passare al passo successivo, oppure torna indietro.
pause-next-undecided = Riprendi per osservare di nuovo, promuovi comunque indicando un motivo, oppure esegui il rollback.
pause-next-not-measured = Controlla la fonte del valore, poi riprendi. Nulla viene promosso senza misura.
pause-next-not-ready = Verifica perché non si avviano, poi riprendi, oppure esegui il rollback.
pause-next-not-acknowledged = Controlla l'edge, poi riprendi. Fino ad allora le richieste mantengono le ultime quote.
pause-next-edge-away = Riportalo in linea, poi riprendi. Se non torna più, toglilo dal file di flotta.
pause-next-agent-lost = Riprendi quando torna a dare segnali, oppure esegui il rollback: gli edge non hanno bisogno di un agente.
stop-asked = Rollback eseguito da { $by }.
stop-analysis = L'analisi di { $metric } è fallita: { $words }.
stop-limit = Un limite è stato superato ({ $rule }): { $words }.
stop-dead = { $instance } in { $dc } si è interrotta o non è in servizio.
stop-node-test = { $instance } non ha superato il test: { $words }.
stop-refused = { $edge } ha rifiutato la sua configurazione: { $message }
condition-errors = errori sotto { $limit }
condition-p95 = p95 sotto { $limit }
condition-below = { $query } sotto { $limit }
condition-above = { $query } sopra { $limit }
log-started = Rollout avviato da { $by }.
log-started-change = Rollout avviato da { $by }. Modifica { $change }.
log-wave = Inizia l'ondata { $wave }.
log-testing = { $instance }: test prima di accettare richieste.
log-shifting = Quota di richieste su { $version } portata a { $share }.
log-watching = Gli edge connessi hanno confermato. Il passo { $step } è in osservazione.
log-promoted = { $version } è stabile. La vecchia versione resta pronta.
log-back-starting = { $version } si riavvia, perché non c'era più.
log-back = Tutte le richieste tornano a { $version }. { $why }
log-rolled-back = I log degli edge non mostrano più richieste sulla nuova versione. Tutte le richieste sono su { $version }.
log-ended = { $version } è ferma. Il rollout è concluso.
metric-errors = Tasso di errore
metric-latency = Latenza p{ $n }
verdict-pass = Superato
verdict-fail = Fallito
verdict-undecided = Non deciso
verdict-no-data = Troppo poche richieste
verdict-not-measured = Non misurato
log-again = Si ricomincia.
log-by = { $words } ({ $by })

## Rollout page
nav-rollouts = Rollout
nav-quarantine = Quarantena
nav-edges = Edge
rollout-name = { $service } { $from } → { $to }
rollout-started = Avviato da { $by }: { $at }.
rollout-started-change = Avviato da { $by }: { $at }, modifica { $change }.
rollout-hotfix = Hotfix: osservazione più breve, nessun gate in meno.
rollout-wave = Ondata { $wave } di { $waves }, { $regions }.
rollout-odds = { $new }; { $old }.
rollout-numbers = Tutti i numeri
rollout-steps = Passi
rollout-all-on = Tutte le richieste sono su { $version }.
rollout-warm = { $version } resta pronta, quindi il ritorno è immediato, fino a: { $at }.
rollout-took = { $version } promossa in { $time }.
rollout-back-in = Rollback eseguito in { $time }. Tutte le richieste sono su { $version }.
rollout-back = Rollback eseguito. Tutte le richieste sono su { $version }.
rollout-acknowledged = { $done } edge connessi su { $all } hanno confermato.
rollout-last-request = Ultima richiesta vista su { $version }: { $at }.
rollout-impact = Su { $version } sono fallite { $errors } richieste su { $requests }.
rollout-quarantined = { $version } è in quarantena finché una persona non la revoca.
watching-pass = Finora entro quanto è tollerato.
watching-fail = La nuova versione è peggiore. È in corso il ritiro.
watching-undecided = Le richieste non bastano ancora per essere certi.
watching-no-data = Finora troppo poche richieste per decidere.
watching-not-measured = Il confronto ora non è possibile. Nulla viene promosso senza misura.
slot-undo-over = Il tempo per annullare è scaduto. Avvia un nuovo rollout.
slot-newer = Dopo questo c'è stato un altro rollout.
slot-rolled-back = Tutte le richieste sono già su { $version }.
slot-undo-for = Annullabile per { $time }.
slot-at-once = Le richieste tornano subito.
slot-roll-back-review = Esegui il rollback a { $version }…
slot-review = Apre la pagina di revisione: dice che cosa si perde o quanto tempo serve.
slot-going = Le richieste stanno tornando. I log degli edge dicono quando è concluso.
slot-undo-word = Annulla
slot-undo = Annulla: torna a quota { $share }
slot-undo-until = Possibile fino a:
more-actions = Altre azioni
opens = { $label }…
verb-roll-back = Esegui il rollback a { $version }
verb-pause = Metti in pausa
verb-resume = Riprendi
verb-promote = Promuovi questo passo
verb-promote-fully = Promuovi { $version } del tutto
verb-abort = Interrompi
verb-undo = Annulla il rollback
verb-retry = Riprova
verb-end = Chiudi ora
verb-pause-small = Le quote restano come sono.
verb-resume-on = Si passa al passo successivo.
verb-resume-small = Il passo viene osservato di nuovo.
confirm-label = Digita il nome del servizio: { $name }
confirm-name = Digita { $name }, il nome del servizio.
reason-hint-needed = Almeno 10 caratteri.
reason-too-short = Scrivi il motivo, almeno { $least } caratteri.
keep-as-is = Lascia com'è
review-note = { $name }. Non è stato fatto nulla.
will-traffic-back = Tutti gli edge inviano subito ogni richiesta a { $version }.
will-done-when = È concluso quando i log degli edge non mostrano più richieste su { $version }.
will-warm = { $version } resta pronta per 15 minuti, così l'annullamento è immediato. Poi le sue istanze si fermano.
will-quarantine = { $version } va in quarantena ovunque finché una persona non la revoca.
will-pause = Le quote restano come sono finché una persona non decide. Il confronto prosegue.
will-resume = Il passo ricomincia: gli edge confermano le sue quote, poi viene osservato dall'inizio.
will-promote = Il resto dell'osservazione di questo passo viene saltato e inizia il passo successivo.
will-promote-fully = Tutte le richieste di tutte le regioni vanno a { $version }, senza altra osservazione.
will-keep-warm = { $version } resta pronta per 15 minuti.
will-undo = Il passo in cui era stato fermato ricomincia; prima si verificano le sue istanze.
will-lift = { $version } esce dalla quarantena.
will-retry = Il passo ricomincia dall'inizio.
will-end = La versione lasciata viene fermata ora. Tornare indietro richiederà il tempo del suo avvio.
will-ask-second = Fa perdere dati, quindi prima si chiede l'autorizzazione a una seconda persona
will-past-analysis = L'analisi non è stata superata. Non si sa se per gli utenti sia peggio.
will-agent-lost = L'agente di { $dc } non dà segnali, quindi non si sa che cosa vi sia in esecuzione.

## Steps
step-name = Passo { $n }
step-watch = osservazione { $time }
step-watch-pause = osservazione { $time }, poi una persona
step-watch-node = osservazione { $time } ciascuno
step-nodes = { $done } di { $nodes }
step-preparing = in avvio
step-testing = in test
step-shifting = in spostamento
step-until = fino a: { $at }
step-longer = osservazione prolungata
step-paused = in pausa: { $at }
step-stopped = fermato: { $at }
step-passed = superato: { $at }
step-passed-word = Superato
step-waiting = in attesa
step-end = Alla fine
step-finish = Conclusione
step-back = Ritorno
step-stop = Ferma { $version }
step-warm = { $version } resta pronta
step-stopped-version = { $version } è ferma
step-going = in corso
step-all-on = Tutto su { $version }
step-of = Passo { $n } di { $of }
step-title = Passo { $n }, { $name }
step-next = Passo successivo
wave = Ondata
fact-share = Quota di richieste
fact-watch = Osservazione minima
fact-began = Inizio
fact-watched = Inizio dell'osservazione
fact-passed = Uscita
verdicts = Verdetti
verdicts-note = Il più recente di ogni minuto
verdicts-none = Non è stato ancora emesso nessun verdetto.
verdicts-none-detail = Un passo viene giudicato quando le sue quote sono stabili ed entrambe le versioni hanno ricevuto richieste.
verdict = Verdetto
verdict-none = Non ancora giudicato
verdict-not-judged = Non giudicato
verdict-at = Ora
verdict-step = Passo
verdict-metric = Metrica
verdict-new = Nuova
verdict-old = Vecchia
verdict-difference = Differenza tra
verdict-between = { $lower } e { $upper }
verdict-tolerance = Tollerato
verdict-requests = Richieste, nuova / vecchia
verdict-events = Eventi, nuova / vecchia
verdict-needed = Richieste necessarie, circa

## A condition
condition-title = Condizione { $number }
condition-asked = Che cosa deve valere
condition-from = Misurata
condition-query = Chiesta al sistema di metriche (PromQL)
condition-counted = Agli edge, sulle richieste della nuova versione dall'inizio dell'osservazione
condition-bound = Limite
condition-most = al massimo { $n }
condition-least = almeno { $n }
condition-unknown = Senza un valore
condition-unknown-detail = Non conta come soddisfatta: il rollout non va avanti e si ferma quando l'osservazione è finita.
condition-empty = Di questa condizione non è ancora stato misurato nulla.
condition-value = Valore
chart-values = Valori

## Analysis
analysis = Analisi
analysis-note = { $new } rispetto a { $old }, stessi secondi e stessi edge
metric-rate = Richieste
per-second = { $n }/s
versus = contro { $old }
sample = n = { $n }
difference-points = { $n } punti
judged-none = Non ancora giudicato.
judged-not = Mostrato, non giudicato.
judged-pass = Al massimo { $upper }. Tollerato { $tolerance }
judged-fail = Certamente peggio: almeno { $lower }
judged-undecided = Tra { $lower } e { $upper }
judged-needs = Tra { $lower } e { $upper }. Servono circa { $needed } richieste
judged-no-data = Sconosciuto: servono { $needed } richieste, ce ne sono { $has }
judged-not-measured = Sconosciuto: il confronto non è stato possibile
chart-limit = limite { $n }
chart-tolerated = fino a { $n }
chart-back = rollback
chart-resolution = 1 punto = { $step }
chart-both = Entrambe le versioni
chart-empty-traffic = I log degli edge non ne mostrano richieste.
on-version = su { $version }
waves = Ondate
wave-number = Ondata
wave-datacenters = Data center: istanze per versione, nodi aggiornati sul totale
wave-done = Conclusa
wave-waiting = In attesa
wave-cell = { $dc }: { $done } nodi su { $nodes } con { $version }
edges-acknowledged = { $done } confermati su { $all }
edge-never = Mai connesso
edge-refused = Ha rifiutato
edge-away = Assente (inizio: { $since })
edge-acknowledged = Ha confermato
edge-behind = Non ha ancora confermato
log = Log
links = Link
link-traffic = Traffico di { $service }
link-bench = Banco di prova di staging di { $version }
link-service = { $service }
link-runbook = Indirizzo stabile per i runbook
plan-hash = Piano { $hash }

## Evidence
evidence-back = Dove vanno le richieste
evidence = Se esegui il rollback
evidence-checked = Verificato: { $at } UTC, e di nuovo quando premi il pulsante.
share-of = { $version }: { $share }
level-ok = Sì
level-unknown = Sconosciuto
level-warn = Attenzione
level-block = No
check-old = { $version } è in esecuzione: { $serving } istanze, nessun avvio a freddo.
check-old-short = { $version } è in esecuzione con { $serving } istanze su { $wanted }.
check-old-gone = { $version } non è in esecuzione da nessuna parte.
check-unheard = Non si sa per { $names }: nessun segnale.
check-comes-up = { $nodes } istanze di { $version } devono avviarsi prima che le richieste tornino.
check-schema-none = Nessuna modifica al database in { $version }.
check-schema-reversible = La modifica al database funziona anche con la vecchia versione.
check-schema-irreversible = La modifica al database è senza ritorno: tornare indietro fa perdere dati o richiede un ripristino.
check-config = Una sola configurazione funziona con entrambe le versioni.
check-config-not = La configurazione non funziona con entrambe le versioni.
check-bench = { $version } ha superato il banco di prova di staging; l'esito vale fino a: { $at }.
check-bench-not = { $version } non ha superato il banco di prova di staging nella sua forma attuale, o l'esito è scaduto.
check-traffic = { $rate } richieste al secondo ora.
check-traffic-none = Ora non ci sono richieste: un passo non può essere giudicato.
check-traffic-unknown = Le richieste non sono misurate in tutte le sue regioni.
check-alone = Nessun altro rollout è in corso.
check-others = Altri rollout in corso: { $ids }.
check-no-problems = Nessun problema aperto, né suo né di dove è in esecuzione.
check-problems = { $n ->
    [one] Un problema aperto, suo o di dove è in esecuzione: { $ids }.
   *[other] { $count } problemi aperti, suoi o di dove è in esecuzione: { $ids }.
}
check-extra = Nel frattempo sono in esecuzione al massimo { $instances } istanze in più, circa { $memory }. Non si sa se gli host hanno questo spazio.
check-extra-unknown = Nel frattempo sono in esecuzione al massimo { $instances } istanze in più. Non si sa se gli host hanno spazio.
check-share-none = { $version } ora non riceve richieste.
check-share-of = { $share } in { $region }
check-share = { $version } riceve { $shares }.
check-edges = { $count } edge sono connessi e si adeguano subito.
check-edges-away = { $count } edge sono connessi e si adeguano subito. Assenti, si adeguano al ritorno: { $away }.
check-loses-data = Tornare indietro fa perdere dati.

## Rollouts list, quarantine
rollouts-note = { $n ->
    [0] Nessun rollout è in corso.
    [one] Uno è in corso.
   *[other] { $count } sono in corso.
}
rollouts-quarantine = Quarantena ({ $count })
rollouts-start = Avvia un rollout…
rollouts-running = In corso
rollouts-over = Conclusi
rollouts-none = Nessun rollout è in corso.
rollouts-last = L'ultimo, { $name }, si è concluso: { $at }.
rollouts-never = Non ne è mai stato avviato nessuno.
rollouts-over-none = Nessun rollout è ancora concluso.
rollouts-over-context = Quelli conclusi restano qui per sempre.
rollouts-over-filtered = Nessuno corrisponde al filtro.
filter-apply = Filtra
newest-first = Prima i più recenti
pager-older = Meno recenti
col-rollout = Rollout
col-versions = Versioni
col-by = Avviato da
col-started = Avvio
run-progress = { $done } passi su { $all } conclusi
run-wave = { $n } di { $of }, { $regions }
quarantine-note = Queste versioni non si avviano da nessuna parte finché una persona non le libera.
quarantine-none = Nessuna versione è in quarantena.
quarantine-none-detail = Una versione con rollback eseguito arriva qui, con il motivo.
quarantine-held = In quarantena
quarantine-why = Motivo
quarantine-lift = Revoca la quarantena
quarantine-lift-of = Revoca la quarantena di { $name }
quarantine-lift-do = Revoca la quarantena
quarantine-keep = Lascia in quarantena
quarantine-was = Motivo della quarantena: { $why }
quarantine-will = Un suo rollout potrà essere avviato di nuovo. Nulla si avvia da sé.
quarantine-confirm = Digita { $name }.
quarantine-confirm-label = Digita il servizio e la versione: { $name }

## Starting a rollout
start-title = Avvia un rollout di { $name }
start-note = Ora è in servizio { $version }. Non è stato avviato nulla.
start-choose = Avvia un rollout
start-choose-do = Prosegui
start-form = Che cosa rilasciare
start-version = Versione
start-version-hint = Banco di prova di staging superato: { $versions }.
start-version-none = Nessun'altra versione ha ancora superato il banco di prova di staging.
start-bench-link = Banco di prova di staging
start-change = Riferimento della modifica
start-schema = Modifica al database
start-schema-none = Nessuna
start-schema-reversible = Funziona anche con la vecchia versione
start-schema-irreversible = Non funziona con la vecchia versione
start-config = Configurazione
start-config-hint = Dichiara se tornare indietro è sicuro: se non lo è, serve una revisione.
start-config-choose = Scegli…
start-config-both = Funziona con entrambe le versioni
start-config-new = Funziona solo con la nuova versione
start-hotfix = Hotfix
start-hotfix-hint = Osservazione per un quarto del tempo. Nessun passo e nessun gate in meno.
start-plan = Piano
start-plan-own = Quello del servizio
start-steps = Passi
start-steps-hint = Solo se diversi dal piano. Quota e tempo di osservazione: 1% 5 min, 25% 20 min pausa; dopo pausa prosegue una persona
start-waves = Ondate
start-waves-hint = Solo se diverse dal piano. Ondate separate da punti e virgola: eu-west; eu-central us-east
start-show = Mostra che cosa farebbe
start-do = Avvia il rollout di { $version }
start-keep = Non avviare
start-preview = Prima dell'avvio
start-preview-none = Ancora nulla da mostrare.
start-preview-none-detail = Compila il modulo e premi il pulsante: vedi il piano, le verifiche e che cosa ogni passo può rilevare. Non si avvia nulla.
start-blocked = Una verifica dice no. L'avvio è possibile e viene registrato insieme al no.
start-strategy = Strategia
strategy-canary = Canary: una quota crescente di richieste
strategy-rolling = Rolling: nodo per nodo, ciascuno sottoposto a test
start-shortest = Durata minima
start-tolerates = Tollerato
start-tolerance = { $errors } di richieste fallite in più, p95 più lento del { $latency }%
start-alpha = Falsi arresti di una versione buona
start-hash = Piano
start-detects = Minima regressione che ogni passo rileva
start-detects-note = Con il traffico degli ultimi 10 minuti, in 4 casi su 5
start-more-steps = E altri { $n } passi come questi.
start-new-rate = Nuova versione, richieste/s
start-error-from = Errori da
start-latency-from = p95 da
start-needs = Richieste per superarlo
start-none = nessuna
start-one-node = un nodo
step-watched = Osservazione
start-then-pause = { $time }, poi una persona
mistake-step = «{ $part }» non è un passo. Scrivi una quota e un tempo di osservazione, come in 25% 20 min.

## Staging bench
bench-title = Banco di prova di staging di { $name }
bench-note = Che cosa deve superare una versione prima di andare in produzione. Gira su un deployment tutto suo, che nessun utente raggiunge.
bench-results = Esiti
bench-none = Nessuna versione è stata ancora provata.
bench-none-detail = Esegui il banco di prova con una versione: il suo esito la ammette in produzione per un certo tempo.
bench-running = In esecuzione
bench-passed = Superato
bench-expired = Superato, scaduto
bench-other-checks = Superati altri controlli
bench-failed = Fallito
bench-not-made = Non è stato possibile eseguirlo
bench-by = In { $dc }, chiesto da { $by }
bench-until = Vale fino a: { $at }.
bench-run = Esegui il banco di prova
bench-run-do = Esegui il banco di prova
bench-version-hint = Come la accetta il programma, per esempio 1.4.0
bench-checks = Controlli
bench-valid = Un esito vale { $hours } h.
check-http = { $path } risponde { $status }
check-http-contains = { $path } risponde { $status } e contiene «{ $contains }»
check-load = { $rate } richieste al secondo su { $path } per { $seconds } s: fallite al massimo { $errors }, p95 al massimo { $p95 } ms

## Traffic and edges
nav-traffic = Traffico
traffic-title = Traffico di { $name }
traffic-note = Come lo riportano i log degli edge.
traffic-versions = Per versione
traffic-datacenters = Per data center
traffic-nowhere = nessuna istanza raggiunta
traffic-none = Nessuna richiesta in questo intervallo.
traffic-none-detail = Scegli un altro intervallo, o verifica se gli edge sono connessi.
traffic-unheard = Di questo intervallo, { $time } senza segnali.
range-label = Intervallo
chart-rate = Richieste
chart-errors = Tasso di errore
chart-p95 = Latenza p95
chart-latency = Latenza di tutte le richieste
chart-highest = Massimo { $n }
col-edge = Edge
col-requests = Richieste
col-rate = Al secondo
col-errors = Errori
edges-note = { $connected } connessi su { $all }.
edges-behind = { $n ->
    [one] { $count } non segue quanto deciso.
   *[other] { $count } non seguono quanto deciso.
}
edges-more = Altri { $count }
edges-no-such = Nessun edge corrisponde.
edges-no-such-detail = Si cerca tra nomi, regioni e data center.
edges-none = La flotta non ha edge.
edges-none-detail = Le richieste degli utenti entrano dagli edge. Indicali nel file di flotta.
edges-lately = Richieste degli ultimi { $minutes } min
edge-connected = Connesso
edge-revision = Revisione confermata
edge-revision-of = { $n } di { $of }
edge-place = Si trova in { $dc }, { $region }
edge-services = Per servizio e versione
edge-refuses = Rifiuta { $kind }: { $names }.
edge-kept = Mantiene ciò che aveva, revisione { $revision }. Nelle sue parole:
edge-proxy = Proxy
edge-acknowledged-at = Conferma
edge-since = Inizio connessione
edge-away-since = Inizio assenza
in-progress = In corso
nav-rollouts-count = { $n ->
    [one] { $count } rollout in corso
   *[other] { $count } rollout in corso
}
keys-slot = vai all'azione della pagina
changed = Il rollout di { $service } è ora in questo stato: { $word }. Ciò che vedi è lo stato di questo momento.
changed-by = Il rollout di { $service } è passato a questo stato: { $word } ({ $at } UTC, { $who }, { $ago } prima di te). Ciò che vedi è lo stato di questo momento.
start-replanned = Ora il piano è un altro. Controllalo, poi avvia.
slot-sent = Inviato
slot-early = Non è stato inviato nulla: era appena cambiato. Premi di nuovo se lo vuoi ancora.
slot-unsure = Inviato, non confermato. Verifica in corso…
refresh-note = Questa pagina si ricarica ogni { $n } s.
refresh-still = Tienila ferma
edges-share = Le richieste degli utenti degli ultimi 5 minuti entrano da
slot-undoing = Annullamento del rollback in corso

## Backups: words
backup-full = completa
backup-differential = differenziale
policy-full-daily = Copia completa ogni giorno
policy-full-every = Copia completa ogni { $days } giorni
policy-full-on = Copia completa nei giorni: { $days }
policy-when = { $full }, dalle { $from } alle { $to }, ora di { $city }.
policy-when-differential = { $full }, una differenziale negli altri giorni, dalle { $from } alle { $to }, ora di { $city }.
policy-clocks = Quando cambia l'ora, un orario saltato vale come il primo momento successivo; di uno che ricorre due volte vale il primo.
policy-kept = { $n ->
    [one] Conservazione di un giorno; una catena si rimuove intera, quando può andare la sua copia più recente.
   *[other] Conservazione di { $days } giorni; una catena si rimuove intera, quando può andare la sua copia più recente.
}
policy-chain = Ogni copia completa passa al data center successivo a turno, e le sue differenziali restano con lei: { $turn }.
policy-literal = Ogni copia passa al data center successivo a turno: { $turn }.
policy-copies = In ogni momento almeno { $copies } copie, in almeno { $places } data center.
policy-proof = { $n ->
    [one] Un ripristino di prova deve riuscire almeno ogni giorno.
   *[other] Un ripristino di prova deve riuscire almeno ogni { $days } giorni.
}
weekday-monday = lunedì
weekday-tuesday = martedì
weekday-wednesday = mercoledì
weekday-thursday = giovedì
weekday-friday = venerdì
weekday-saturday = sabato
weekday-sunday = domenica
short-none = Nessuna copia è utilizzabile.
short-copies = { $n ->
    [one] C'è una sola copia; ne sono richieste { $asked }.
   *[other] Ci sono { $found } copie; ne sono richieste { $asked }.
}
short-places = { $n ->
    [one] Ci sono copie in un solo data center; ne sono richiesti { $asked }.
   *[other] Ci sono copie in { $found } data center; ne sono richiesti { $asked }.
}
short-late = Nessuna copia dall'inizio di questa finestra: { $at }.
short-missed = { $count } finestre passate senza copia, la prima: { $at }.
short-full = Nessuna copia completa dall'inizio di questa finestra: { $at }.
short-unproven = Nessuna copia ha mai superato un ripristino di prova.
short-proof-old = { $n ->
    [one] Ultimo ripristino di prova riuscito: { $at }; può risalire al massimo a un giorno fa.
   *[other] Ultimo ripristino di prova riuscito: { $at }; può risalire al massimo a { $days } giorni fa.
}
short-proof-failed = La copia { $label } in { $dc } è risultata danneggiata ({ $at }).
short-gone = I file della copia { $label } in { $dc } non sono più nel suo repository.
short-bad-pages = La copia { $label } in { $dc } ha pagine con checksum errati.
short-full-missing = La copia { $label } in { $dc } si basa su una copia completa che non c'è.
keep-not-due = Resta fino a: { $at }.
keep-not-asked = Resta: il repository in { $dc } non è stato interrogato.
keep-not-read = Resta: il repository in { $dc } non è leggibile: { $why }.
keep-late = Resta: nessuna copia dall'inizio di questa finestra: { $at }.
keep-proven = Resta: contiene la copia { $label }, l'ultima che ha superato un ripristino di prova ({ $at }).
keep-none-newer = Resta: non c'è una copia più recente senza danni.
keep-too-few = Resta: senza di lei ci sarebbero { $n ->
    [one] una sola copia
   *[other] { $copies } copie
} in { $m ->
    [one] un data center
   *[other] { $places } data center
}, troppo poco.
keep-goes = Si rimuove ora: scaduta ({ $at }), e { $newer } in { $dc } è più recente.
obstacle-no-agent = Nessun agente dice che il database è in esecuzione lì.
obstacle-silent = L'agente di { $dc }, dove è in esecuzione il database, non dà segnali.
obstacle-busy = Al momento il database ha un altro lavoro.
obstacle-no-place = Nessun data center può accogliere una copia.
obstacle-nobody = Nessun server era disponibile per decidere.
obstacle-no-policy = La flotta non ha più una policy per questo database.
phase-preparing = Preparazione
phase-copying = Copia
phase-restoring = Ripristino
phase-recovering = Recupero
phase-checking = Controllo
phase-cleaning = Pulizia
phase-done = { $phase }, { $percent }%
task-backup = Backup
task-verify = Lettura di verifica
task-expire = Rimozione
task-prove = Ripristino di prova
task-restore = Ripristino sul posto
task-let-go = Eliminazione di una directory accantonata
task-stay = Proroga di una copia ripristinata
task-end-kept = Eliminazione di una copia ripristinata
task-switchover = Switchover
task-failover = Failover
task-rejoin = Rientro nel cluster
task-pause = Pausa del cluster
task-resume = Ripresa del cluster
about-set-aside = i dati prima di un ripristino
about-kept = una copia ripristinata che era rimasta
target-end = la fine della copia
target-moment = { $at }
target-latest = fin dove arriva il log
damage = { $place }: { $what }.
damage-file = { $place }, { $file }: { $what }.
damage-copy = Copia { $label }
damage-wal = Segmento di log { $segment }
damage-repository = Contabilità del repository
damage-checksum = checksum errato
damage-missing = mancante
damage-size = dimensione errata
damage-other = non si può estrarre o leggere
reach-gap = { $n ->
    [one] Dopo manca un segmento del log.
   *[other] Dopo mancano { $count } segmenti del log.
}
reach-damaged = { $n ->
    [one] Dopo un segmento del log è danneggiato.
   *[other] Dopo { $count } segmenti del log sono danneggiati o mancanti.
}
reach-abandoned = Dopo il database è ripartito da un punto precedente.
reach-no-history = Esiste una timeline più recente di cui non si conosce la storia.
reach-unread = Un repository non leggibile può contenerne altro.
reach-unlisted = Non si sa fin dove arrivi il log.
problem-backup-none = { $db } non ha copie ripristinabili
problem-backup-none-detail = Perdere ora il suo data center significa perdere il database.
problem-backup-late = Il backup di { $db } è in ritardo
problem-backup-missed = { $db } ha mancato { $count } backup
problem-backup-late-detail = Nessuna copia dalla finestra: { $since }. Inizio della copia utilizzabile più recente: { $newest }.
problem-backup-late-none = Nessuna copia dalla finestra: { $since }.
problem-backups-short = { $db } ha { $n ->
    [one] una sola copia
   *[other] { $copies } copie
} in { $m ->
    [one] un data center
   *[other] { $places } data center
}
problem-backups-short-detail = La sua policy richiede { $asked } copie in { $places } data center.
problem-repository = Le copie di { $db } in { $dc } non sono leggibili
problem-repository-detail = Non si sa che cosa vi sia: non conta nulla, e nel frattempo nulla viene rimosso. { $why }
problem-copy-damaged = Una copia di { $db } in { $dc } è danneggiata
problem-copy-damaged-detail = { $label } non viene contata. Resta finché la sua catena supera la conservazione e c'è una copia più recente.
problem-never-proven = Nessuna copia di { $db } è mai stata provata
problem-never-proven-detail = Nessun ripristino di prova è riuscito. Non si sa se le sue copie siano ripristinabili.
problem-log-behind = Ciò che viene ora scritto in { $db } non sarebbe recuperabile
problem-log-behind-detail = Il suo log è archiviato solo fino a: { $at }. Verificare che l'archiviazione funzioni e che i repository abbiano spazio.
problem-log-stuck = Postgres dichiara di non poter archiviare { $file }.
problem-log-lost-detail = { $n ->
    [one] Dopo { $at } manca un segmento del suo log in tutti i repository. La prossima copia rende di nuovo possibile il recupero, da quel momento.
   *[other] Dopo { $at } mancano { $count } segmenti del suo log in tutti i repository. La prossima copia rende di nuovo possibile il recupero, da quel momento.
}
problem-unproven = Le copie di { $db } non sono state provate di recente
problem-unproven-detail = { $n ->
    [one] Ultimo ripristino di prova riuscito: { $at }; il limite è un giorno.
   *[other] Ultimo ripristino di prova riuscito: { $at }; il limite è { $days } giorni.
}

## Backups: pages
nav-backups = Backup
nav-backups-count = { $n ->
    [one] 1 problema di backup
   *[other] { $count } problemi di backup
}
backups-views = Vista
backups-calendar = Calendario
backups-sets = Set
backups-copies = Copie
backups-week = Settimana
backups-month = Mese
backups-none = Nessun database ha una policy di backup.
backups-nothing = Nessun database corrisponde al filtro.
backups-nothing-detail = Sono elencati solo i database con una policy di backup.
backups-none-detail = Le policy si dichiarano nel file di flotta; ogni database indica la propria.
backups-without = { $n ->
    [one] Un database non ha una policy di backup: { $names }.
   *[other] Database senza policy di backup: { $names }.
}
answer = Backup in orario nelle ultime 24 h: { $n } su { $all }.
answer-none = Nessuna finestra di backup si è chiusa nelle ultime 24 h.
answer-late = In ritardo: { $count } ({ $names }).
answer-late-of = { $db }, { $time }
answer-missed = Mancati: { $count } ({ $names }).
answer-failing = Tentati finora invano: { $count } ({ $names }).
answer-stuck = Ordinati e senza segnali: { $count } ({ $names }).
answer-unknown = { $n ->
    [one] Di uno non si sa.
   *[other] Di { $count } non si sa.
}
answer-more = { $names } e altri { $more }
look-done = Fatto in orario
look-done-late = Fatto in ritardo
look-running = In corso
look-planned = Pianificato
look-failing = Tentato invano
look-late = In ritardo
look-missed = Mancato
look-stuck = Ordinato e senza segnali
look-unknown = Non si sa
mark-window = { $from } – { $to } UTC
mark-words = Backup di { $db }, { $look }: copia { $kind } verso { $dc }, { $window }
legend-full = Linea in basso: una copia completa
legend-utc = Giorni e orari sono in UTC
calendar-week = Settimana { $week }, { $from } – { $to } { $year }
calendar-month = { $month } { $year }
calendar-caption = Backup, { $name }
calendar-earlier = Precedente
calendar-now = Adesso
calendar-later = Successivo
calendar-span = Periodo
days-short = { $days } g
backups-times-utc = Gli orari sono in UTC
to-word = fino a
col-database = Database
col-policy = Policy
col-newest = Copia più recente
col-copies = Copie
col-places = Copie in
col-recoverable = Recuperabile
col-proven = Ultima prova
col-next = Prossimo
col-kept = Conservazione
col-left = Che cosa resta
col-in = In
col-copy = Copia
col-kind = Tipo
col-size = Database
col-stored = Spazio occupato
col-chain = Si basa su
col-due = Scadenza
col-what = Che cosa
col-run = Esecuzione
col-window = Finestra
col-tries = Tentativi falliti
col-work = Lavoro
col-about = Oggetto
col-agent = Agente
col-ordered = Ordine
col-result = Esito
col-finished = Completamento
set-met = In orario e con prova riuscita
set-unseen = Non visto
set-old = Dati vecchi
set-unread = Letto in parte
set-none = Nessuna copia
set-missed = Mancati: { $count }
set-late = In ritardo di { $time }
set-full-late = Copia completa in ritardo
set-short = Troppo poche copie
set-damaged = Copia danneggiata
set-unproven = Senza prova riuscita
set-no-copy = nessuna
set-never = mai
set-title = { $db }, { $state }
set-runs-in = In esecuzione in { $dc }.
set-runs-unknown = Non si sa dove sia in esecuzione.
set-read = Lettura dei repository: { $at }.
set-policy = Policy
set-ahead = Prossime finestre
set-reach = Recuperabile
set-prepared = Su che cosa si basano i backup
set-goes = Che cosa si rimuove e quando
set-runs = Esecuzioni
set-work = Ripristini di prova, letture di verifica, rimozioni
set-short-title = Che cosa manca
set-unseen-title = Nessun agente riferisce di questo database.
set-unseen-detail = Non si sa che cosa contengano i suoi repository. Un agente ne riferisce quando la sua configurazione indica il database.
set-old-title = L'agente di questo database non dà segnali.
set-old-detail = Ciò che segue è quanto ha visto in questo momento: { $at }. I backup proseguono quando torna a dare segnali.
set-unread-line = Il repository in { $dc } non è leggibile. { $why } Ciò che contiene qui non conta.
log-damaged = { $n ->
    [one] Nel log in { $dc } un segmento è danneggiato: { $names }.
   *[other] Nel log in { $dc } ci sono segmenti danneggiati: { $names }.
}
log-damaged-more = Nel log in { $dc } sono danneggiati { $count } segmenti, tra cui { $names }.
copy-proven = Provata
copy-unproven = Non ancora provata
copy-damaged = Danneggiata
copy-unusable = Non utilizzabile
copy-none-usable = Nessuna utilizzabile
copy-gone = Non più presente
copy-word = tipo sconosciuto
copy-title = { $label }, { $db }
copy-note = Copia di { $db } in { $dc } ({ $kind }).
copy-unread = Il suo repository non è leggibile.
copy-gone-title = Questa copia non c'è più.
copy-gone-detail = È stata rimossa con la sua catena, o non è mai stata elencata. Segue ciò che se ne sa.
copy-vanished = Sparita
copy-vanished-detail = Il repository elenca questa copia, ma i suoi file non ci sono: qualcuno o qualcosa li ha tolti.
copy-bad-pages = Al momento della copia il database aveva pagine con checksum errati.
copy-damage-title = Qualcosa depone contro questa copia.
copies-note = { $n ->
    [one] Un data center
   *[other] { $count } data center
}
copies-right = Età della copia utilizzabile più recente
copies-unknown = Non si sa che cosa contengano i repository.
copies-unknown-detail = Nessun agente ha ancora riferito di questo database.
places-unread = (non letti: { $names })
cell-not-asked = non interrogato
cell-unread = Non letto
cell-no-copy = nessuna copia
cell-copies = { $n ->
    [one] 1 copia
   *[other] { $count } copie
}
cell-damaged = { $n ->
    [one] 1 non utilizzabile
   *[other] { $count } non utilizzabili
}
unread-title = { $n ->
    [one] Un repository non è leggibile, e i totali lo escludono.
   *[other] { $count } repository non sono leggibili, e i totali li escludono.
}
unread-line = { $db } in { $dc }: { $why }
repository-unread = Non è leggibile, non si sa che cosa contenga. { $why }
repository-holds = { $n ->
    [one] una copia, { $stored }
   *[other] { $count } copie, { $stored }
}
chain-own = se stessa
loss-title = Che cosa sopravvive alla perdita di un data center
loss-label = Data center perso
loss-show = Mostra che cosa resta
loss-answer = Senza { $dc } resta una copia per { $n } database su { $all }.
loss-unknown = Non si sa che cosa contengano i suoi repository.
loss-more = Ce ne possono essere altre in { $names }, non letti.
loss-maybe = Ce ne possono essere in { $names }, non letti.
loss-all = Non resta nulla: database e copie andrebbero persi.
loss-copies = Non resta nessuna copia; il database è in esecuzione altrove.
loss-runs-there = Il database è in esecuzione lì.
ahead-what = { $kind } verso { $dc }, { $local }
archiving-stuck = Il file { $file } del log non è stato archiviato ({ $at }), e da allora nient'altro.
archiving-failed = { $n ->
    [one] Un tentativo di archiviare il log è fallito: { $file }, { $at }.
   *[other] { $count } tentativi di archiviare il log sono falliti, l'ultimo per { $file }, { $at }.
}
archiving-last = Archiviato per ultimo: { $file }, { $at }.
reach-none = Non si sa.
reach-none-detail = Nessuna copia utilizzabile è stata elencata.
reach-least = almeno.
reach-log = Ultima archiviazione del log: { $at }; ogni momento fino a quello può essere raggiungibile.
goes-none = Non c'è nulla da rimuovere.
goes-none-detail = Le copie compaiono qui con il giorno in cui termina la loro conservazione.
goes-order = Prima le più vicine alla scadenza
prepared-archiving = Il write-ahead log viene archiviato.
prepared-restart = Il write-ahead log non viene archiviato finché il database non si riavvia: { $settings }.
prepared-archiving-failed = Il write-ahead log non viene archiviato. { $why }
prepared-repository = Il repository in { $dc } è pronto.
prepared-repository-failed = Il repository in { $dc } non è pronto. { $why }
runs-none = Nessuna esecuzione negli ultimi 60 giorni.
runs-none-detail = Un'esecuzione inizia con la sua finestra.
run-now = Esegui un backup ora…
run-now-title = Backup di { $db } ora
run-now-note = Una copia oltre al piano. Non è ancora successo nulla.
run-now-do = Esegui il backup ora
run-begins = Prossimo tentativo: { $at }.
run-ordered = Ordinato all'agente di { $dc } ({ $at }), che ancora non ne riferisce.
run-made = Durata { $time }, spazio occupato { $stored }.
run-passed-over = Il turno di { $dc } è stato saltato: il suo repository non è leggibile. { $why }
run-other-kind = La copia chiesta era di tipo { $asked }.
run-asked-by = Chiesto da { $by }.
run-title = { $id } di { $db }, { $state }
run-head = { $db }, copia { $kind }
run-by-plan = Una finestra del piano.
run-by-person = Chiesto da { $by }: { $reason }
run-open-copy = Apri la copia
run-late-by = { $time } oltre la sua finestra.
run-tries = Tentativi falliti
run-planned-in = pianificato in { $dc }
run-given = Richiesta
run-until = Termine
run-kept-until = Conservazione fino a
run-revision = Revisione
tries-none = Nessun tentativo è fallito.
tries-none-detail = Un tentativo fallito viene ripetuto, lì o nel data center successivo, fino all'inizio della prossima finestra.
try = Tentativo { $n } in { $dc }, { $time }.
work-none = Finora nessuno.
work-none-detail = Una nuova copia viene provata dopo il suo backup, e i repository vengono letti per intero una volta al giorno.
work-ordered = Ordinato
work-waits = Attende un altro lavoro
work-ends = Riferito, in corso di registrazione
work-not-made = Non fatto: { $why }
work-removed = Rimosso
work-no-damage = Nessun danno trovato
part-restore = Ripristino
part-valid = Validazione
part-recovery = Recupero
part-structure = Struttura
part-pages = Checksum delle pagine
part-clean-up = Pulizia
part-kept = Resta per un po', come richiesto
part-stop = Arresto
part-start = Avvio
part-passed = { $part }: passo riuscito
part-failed = { $part }: passo fallito. { $why }
part-not-run = { $part }: passo non eseguito. { $why }
part-check = Controllo fallito: { $check }
check-passed = { $name }: { $seen }
check-failed = { $name }: controllo fallito. { $seen }
proofs = Ripristini di prova
proofs-none = Nessun ripristino di prova è stato fatto su questa copia.
proofs-none-detail = La copia più recente viene provata da sé; ogni copia si può provare su richiesta.
proof-title = Ripristino di prova, { $at }
proof-how = Fatto dall'agente di { $dc }; arriva fino a: { $target }.
proof-asked = Chiesto da { $by }: { $reason }
proof-due = Era previsto.
proof-passed = Riuscito
proof-failed = Fallito
proof-not-made = Non fatto
proof-waits = In attesa
proof-reached = Il recupero ha raggiunto questo commit: { $at }.
proof-position = Il recupero ha raggiunto la posizione { $position } del log.
proof-stays = Ciò che è stato ripristinato resta fino a { $at }.
proof-stays-how = Come collegarsi
prove-now = Ripristino di prova…
prove-do = Avvia il ripristino di prova
prove-title = Ripristino di prova di { $label }
prove-target = Ripristina fino a
prove-target-hint = Per la fine della copia basta il suo repository; i momenti successivi richiedono il log archiviato.
prove-end = la fine della copia
prove-moment = un momento
prove-latest = fin dove arriva il log
prove-at = Momento, UTC
prove-at-hint = Solo per «un momento»: 03:30, o 2026-11-20 03:30.
prove-restores = La copia viene ripristinata accanto al database, su un server dedicato.
prove-checks = Il database ripristinato viene avviato; se ne controllano la struttura e i checksum delle pagine.
prove-space = Fino alla fine occupa { $size } di disco.
prove-untouched = Il database e la copia non vengono modificati.
prove-removed = Ciò che è stato ripristinato viene poi rimosso, a meno che debba restare.
prove-stays = Se resta, occupa il disco per tutto il tempo. Di un database restano al massimo { $most } copie ripristinate alla volta.
prove-keep = Lasciala in esecuzione dopo
prove-keep-hint = Il suo server resta attivo, per consultarla e recuperarne le righe perse, finché il tempo scade o qualcuno la elimina.
prove-hours = Per quante ore
prove-hours-hint = Da { $least } a { $most }, di tempo reale, da quando è utilizzabile.
prove-on = Sulla macchina in
prove-on-hint = Vicino al database è comodo per riportarvi i dati con pg_dump; altrove non gli toglie risorse.
prove-on-any = qualsiasi, meglio non dove si trova la copia
prove-newest = È la copia utilizzabile più recente.
fact-took = Durata
fact-wal = Log necessario
fact-goes = Conservazione
ask-begins = L'agente di { $dc } inizia subito, o dopo il lavoro che ha in corso.
ask-silent = L'agente di { $dc } non dà segnali; il backup inizia quando torna a darne.
ask-no-agent = Nessun agente dice che il database è in esecuzione lì; il backup inizia quando uno lo dice.
ask-goes-to = La copia va in { $dc }, o nel successivo a turno se quello non può accoglierla.
ask-until = Termine dei tentativi: { $at }, tra { $time }.
ask-last-full = L'ultima copia completa: durata { $time }, spazio occupato { $stored }.
ask-no-full = Non è nota nessuna copia completa. Una differenziale diventerebbe completa.
ask-plan-stays = Il piano resta com'è: la prossima finestra fa la propria copia.
ask-reason-hint = Perché ora; al massimo 500 caratteri.
kind-hint = Una differenziale contiene ciò che è cambiato dall'ultima copia completa nello stesso posto.
mistake-kind = Scegli il tipo di copia.
mistake-moment = Scrivi un momento, come 03:30 o 2026-11-20 03:30.
mistake-hours = Scrivi per quante ore resta, da { $least } a { $most }.
mistake-on = Scegli un data center dell'elenco.
mistake-reason = Scrivi il motivo in poche parole.
next-title = Backup
next-note = Prossime 24 h
next-what = { $kind } verso { $dc }
next-more = { $n ->
    [one] Un altro nelle prossime 24 h.
   *[other] Altri { $count } nelle prossime 24 h.
}
runs-older = { $n ->
    [one] Un'esecuzione più vecchia
   *[other] { $count } esecuzioni più vecchie
}
group-databases = Database
dc-loss = Copie senza di lui
dc-loss-link = Che cosa sopravvive alla sua perdita
restores = Ripristini
restores-none = Nessun database è stato sovrascritto da un ripristino.
restores-none-detail = Un ripristino inizia dalla pagina di una copia. Una seconda persona deve autorizzarlo.
col-restore = Ripristino
col-target = Fino a
col-asked = Chiesto da
col-allowed = Autorizzato da
restore-nobody = nessuno
restore-unproven = senza ripristino di prova
restore-waits = Attende una seconda persona
restore-waits-until = Una persona diversa da chi l'ha chiesto può autorizzarlo fino a: { $at }.
restore-void = Decaduto
restore-void-detail = Nessuno l'ha autorizzato in tempo. Chiedilo di nuovo se serve ancora.
restore-refused = Rifiutato
restore-refused-by = Rifiutato da { $by }: { $why }
restore-allowed = Autorizzato
restore-runs = Ripristino in corso
restore-silent = L'agente di { $dc } non dà segnali; non si sa a che punto sia.
restore-done = Ripristinato
restore-done-detail = Il database è nello stato a cui è stato ripristinato.
restore-failed = Fallito
restore-title = { $id }, ripristino di { $db }: { $state }
restore-head = Ripristino di { $db }
restore-asked = Chiesto da { $by }: { $reason }
restore-proof = Un ripristino di prova è riuscito.
restore-proven = La stessa copia è stata ripristinata accanto al database, fino allo stesso punto ({ $at }).
restore-no-proof = Serve un ripristino di prova.
restore-goes-without = Procede SENZA un ripristino di prova.
restore-without-proof = Chi l'ha chiesto ha derogato alla regola. { $why }
restore-never-proven = Nessun ripristino di prova di questa copia fino a questo punto è riuscito. Non si sa se sia ripristinabile.
restore-proof-old = { $n ->
    [one] Ultimo ripristino di prova riuscito di questa copia fino a questo punto: { $at }; può risalire al massimo a un giorno fa.
   *[other] Ultimo ripristino di prova riuscito di questa copia fino a questo punto: { $at }; può risalire al massimo a { $days } giorni fa.
}
restore-proof-failed = L'ultimo ripristino di prova di questa copia fino a questo punto è fallito ({ $at }). Scegli un'altra copia.
restore-same-person = La richiesta è di { $by }; una seconda persona deve autorizzarla.
restore-took = { $n ->
    [one] L'ultimo ripristino di questo database ha richiesto { $time }.
   *[other] I ripristini di questo database hanno richiesto { $time }, mediana di { $count }.
}
restore-proofs-took = { $n ->
    [one] Un ripristino di prova di questo database ha richiesto { $time }.
   *[other] I ripristini di prova di questo database hanno richiesto { $time }, mediana di { $count }.
}
restore-replaces = { $db } in { $host } viene fermato e sostituito con la copia { $label } di { $dc }; punto di ripristino: { $target }.
restore-loses = Si perde tutto ciò che è stato committato dopo questo momento: { $at } (finora { $ago }).
restore-loses-unstored = Si perde tutto ciò che è stato committato e non è ancora nel log archiviato.
restore-down = Nulla può usare { $db } fino alla fine del ripristino.
restore-keeps = I dati di { $db } come sono ora vengono conservati a parte, finché qualcuno non li elimina.
restore-host-silent = L'agente di { $dc }, dove è in esecuzione il database, non dà segnali. Finché è così non inizia nulla.
restore-no-host = Nessun agente dice che il database è in esecuzione lì. Non può iniziare nulla.
restore-second = Una seconda persona deve autorizzarlo entro { $time }. Prima non succede nulla.
restore-over = Ripristina…
restore-beside = Mancano solo alcune righe? Ripristina la copia accanto al database e recuperale da lì. Non viene sostituito nulla.
restore-beside-link = Ripristina accanto…
restore-ask-title = Ripristino di { $db } da { $label }
restore-ask-head = Ripristina { $db } sovrascrivendo i suoi dati attivi
restore-ask-note = Fa perdere dati. Richiede un ripristino di prova fino allo stesso punto e una seconda persona.
restore-ask-do = Chiedi questo ripristino
restore-override = Per procedere senza un ripristino di prova, digita il nome del database: { $name }
restore-override-hint = Lascialo vuoto per seguire la regola. A chi autorizza viene detto in modo ben visibile.
restore-allow = Autorizza…
restore-refuse = Rifiuta…
restore-allow-title = Autorizza il ripristino di { $db }
restore-refuse-title = Rifiuta il ripristino di { $db }
restore-allow-do = Autorizza e avvia
restore-refuse-do = Rifiuta questo ripristino
restore-allow-words = Inizia subito. Il tuo nome compare accanto a quello di { $by } nel registro di audit.
restore-not-now = Così com'è non può essere autorizzato.
restore-steps = Passi
restore-checks = Che cosa ha risposto il database dopo il ripristino
restore-before = I dati precedenti
restore-kept = La directory dei dati precedente è conservata qui, finché qualcuno non la elimina.
restore-let-go = La directory dei dati precedente è stata eliminata. Era qui:
restore-kept-unknown = La directory dei dati precedente era conservata qui. Non si sa se ci sia ancora.
restore-until = Autorizzazione entro
restore-estimate = Quanto dura
set-aside = Dati conservati dopo i ripristini
set-aside-detail = Ciò che c'era prima di ogni ripristino. Occupa spazio finché qualcuno non lo elimina.
kept-title = Copia ripristinata in { $dc }
kept-running = In esecuzione
kept-down = Non in esecuzione
kept-silent = Agente senza segnali
kept-why = { $why } L'agente continua a provare.
kept-since = Ripristinata
kept-age = ({ $time } fa)
kept-until = Rimossa il
kept-left = (tra { $time })
kept-longer = Conservala più a lungo...
kept-longer-hours = Ore in più
kept-longer-hint = Da 1 a 72; in tutto al massimo 7 giorni.
kept-longer-reason = Motivo
kept-path = Cartella
kept-connect = Per consultarla, sulla macchina in { $dc }:
kept-take-out = Per estrarne una tabella:
let-go = Elimina…
let-go-do = Elimina
let-go-title = Elimina ciò che un ripristino di { $db } ha accantonato
let-go-kept-title = Elimina una copia ripristinata di { $db }
let-go-removes = La directory dei dati viene rimossa dalla macchina in { $dc }. Ciò che contiene non si potrà recuperare.
let-go-ends = La copia ripristinata in { $dc } viene fermata e rimossa, con tutto ciò che vi è stato scritto nel frattempo. Si può ripristinare di nuovo finché la copia esiste.
let-go-untouched = { $db } com'è in esecuzione ora e le sue copie non vengono modificati.
let-go-silent = L'agente non dà segnali. La rimozione avviene quando torna a darne.
database-confirm = Digita il nome del database: { $name }
database-name = Digita { $name }, il nome del database.

## Failover
nav-failover = Failover
nav-failover-count = { $n ->
    [one] { $count } failover in corso
   *[other] { $count } failover in corso
}
failover-title = Failover
failover-note = Che cosa succede quando una regione o un data center viene a mancare
failover-question = Possiamo fare un failover adesso?
failover-answer-yes = Sì.
failover-answer-warnings = { $n ->
    [one] Sì, con { $count } avviso.
   *[other] Sì, con { $count } avvisi.
}
failover-answer-some = Sì per { $able } regioni su { $all }. No per { $names }.
failover-answer-no = No.
failover-answer-unknown = Sconosciuto. Manca ciò che bisogna sapere.
failover-ready = Pronto
failover-warnings = Avvisi
failover-unknown = Sconosciuto
failover-not-ready = Non pronto
failover-if-region = Se viene a mancare una regione
failover-if-datacenter = Se viene a mancare un data center
failover-col-away = Viene a mancare
failover-col-verdict = Verdetto
failover-col-to = Subentra
failover-col-lag = Ritardo dei dati
failover-col-time = Tempo / limite
failover-col-load = Carico dopo
failover-col-drill = Ultima esercitazione
failover-col-plan = Piano
failover-col-run = Esecuzione
failover-col-what = Che cosa
failover-col-state = Stato
failover-col-steps = Passi
failover-col-took = Tempo
failover-col-limit = Limite
failover-col-started = Avvio
failover-col-group = Gruppo
failover-col-moves = Si sposta
failover-col-now = Adesso
failover-col-database = Database
failover-col-leads = Leader in
failover-col-takes-over = Subentra
failover-col-behind = Ritardo
failover-col-behind-time = Ritardo, tempo
failover-never = mai
failover-plan-open = Piano
routines-title = Esercitazioni che si ripetono
routine-later = Non dovuta
routine-due = Dovuta
routine-overdue = In ritardo
routine-never = Nessun giorno
routine-on-day = fino a
routine-since = dal
routine-every = { $n ->
    [one] ogni giorno
   *[other] ogni { $days } giorni
}
routine-on = di { $days }
routine-window = dalle { $from } alle { $to } ora del luogo
routine-last = eseguita l'ultima volta
routine-last-never = mai eseguita
routine-by-itself = Se nulla lo impedisce inizia da sola, nella prossima finestra dal
routine-by-hand = La avvia qualcuno dal suo piano.
routine-start = Apri il piano
routine-put-off = Rinviata: { $why }
drills-title = Esercitazioni pianificate
drill-none = Nessuna esercitazione è pianificata.
drill-planned = Pianificata
drill-started = Avviata
drill-missed = Mancata
drill-cancelled = Annullata da { $by }
drill-by = { $by } – { $reason }
drill-plan = Pianifica un'esercitazione
drill-cancel = Annulla { $id }
drill-what = Che cosa viene a mancare
drill-what-hint = Data center o regioni, con virgole, come fra1,fra2
drill-at = Quando
drill-at-hint = Come 2026-12-24 18:00, in UTC
drill-note = Viene eseguita davvero e attende i dati. Se per 15 minuti una regola, un gate o un'altra esecuzione la ostacola, è mancata e dice perché.
readiness-title = Prontezza negli ultimi 30 giorni
readiness-note = Ogni minuto è giudicato; uno che nessuno ha giudicato è sconosciuto
readiness-worst = Ogni banda mostra il peggio del suo tempo.
readiness-score = Poteva mancare
readiness-not-ready = Non pronto
readiness-unknown = Sconosciuto
readiness-warnings = Con avvisi
readiness-all = Su
failover-runs = Esecuzioni ed esercitazioni
failover-no-runs = Qui non è mai stato fatto un failover.
failover-no-runs-detail = Un'esercitazione mostra quanto tempo serve a ogni gruppo; apri un piano per avviarne una.
failover-older = Esecuzioni più vecchie
failover-progress = { $past } passi su { $all } sono trascorsi.
failover-gates = Gate
failover-gates-none = Nessun gate è chiuso: i failover possono partire.
failover-gate = Gate
failover-gate-close = Chiudi il gate
failover-gate-open = Aprilo
failover-gate-until = fino a: { $at }
failover-reason = Motivo, conservato nel registro di audit
failover-reason-hint = Almeno 10 caratteri.
failover-reason-least = Almeno { $n } caratteri.
failover-reason-word = Motivo
failover-until = Fino a
failover-until-hint = Per un freeze: 2026-12-24 18:00, in UTC. Un blocco vale finché qualcuno non lo apre.
failover-title-run = Failover di { $name }
failover-title-drill = Esercitazione di { $name }
failover-title-back = Failback a { $name }
failover-requested = Attende una seconda persona
failover-running = In corso
failover-pausing = In pausa dopo questo passo
failover-paused = In pausa
failover-asks-rule = Una regola di sicurezza lo vieta
failover-asking = Un passo è fallito
failover-done = Concluso
failover-stopped = Fermato
failover-refused = Rifiutato
failover-step-waiting = in attesa
failover-step-running = in corso
failover-step-done = concluso
failover-step-failed = fallito
failover-step-skipped = saltato
failover-act-precheck = Controllare ciò che subentra
failover-act-scale = Aggiungere a { $name } in { $to } { $n ->
    [one] { $count } nodo
   *[other] { $count } nodi
}
failover-act-start = Avviare { $name } in { $to } con { $n ->
    [one] { $count } nodo
   *[other] { $count } nodi
}
failover-act-stop-writes = Fermare le scritture su { $name } in { $from }
failover-act-wait = Attendere che { $to } abbia tutti i dati di { $name }
failover-act-promote = Promuovere { $name } in { $to }
failover-act-verify = Verificare che il leader di { $name } sia in { $to }
failover-act-shift = Spostare le richieste per { $name } da { $from } a { $to }
failover-act-observe = Osservare che il gruppo sia servito
failover-act-return = Inviare di nuovo a { $to } le richieste per { $name }
failover-act-release = Rilasciare { $n ->
    [one] { $count } nodo
   *[other] { $count } nodi
} di { $name } in { $from }
failover-rule-serving-least = Data center sufficienti
failover-rule-capacity = Capacità
failover-rule-lock = Blocco
failover-rule-freeze = Freeze
failover-rule-wait = Attesa tra le esecuzioni
failover-plan-title = Failover di { $name }
failover-plan-back = Failback a { $name }
failover-plan-note = Non è stato avviato nulla. Piano { $hash }, verificato: { $at } UTC; l'avvio verifica di nuovo.
failover-plan-hash = Piano
failover-what = Che cosa succederà
failover-nothing = Non c'è nulla da spostare.
failover-nothing-detail = Nulla di ciò che è in esecuzione lì può spostarsi, oppure lì non c'è nulla in esecuzione.
failover-moves-services = { $n ->
    [one] { $count } servizio
   *[other] { $count } servizi
}
failover-moves-databases = { $n ->
    [one] { $count } database
   *[other] { $count } database
}
failover-moves-nodes = { $n ->
    [one] { $count } nodo si avvia
   *[other] { $count } nodi si avviano
}
failover-empty = Lì non c'è nulla in esecuzione
failover-answer-not-known = Sì per { $able } regioni su { $all }. Non si sa per { $names }.
failover-stays-down = Resta fermo: { $what }
failover-checks = Verifiche
failover-at-risk = Dati a rischio
failover-findings = Rilievi
failover-steps = Passi
failover-steps-of = { $name }: { $n ->
    [one] { $count } passo
   *[other] { $count } passi
}
failover-start = Avvia
failover-start-do = Avvia il failover di { $name }
failover-start-back = Avvia il failback a { $name }
failover-start-note = Si può mettere in pausa dopo ogni passo e fermare; ciò che si è spostato può tornare indietro.
failover-other = { $run } non è concluso. Un solo failover alla volta, in un solo ordine.
failover-mode = Come
failover-mode-hint = Attendere non fa perdere nulla. Non attendere richiede una seconda persona quando si possono perdere dati.
failover-mode-graceful = Attendi i dati
failover-mode-forced = Subito
failover-mode-forced-loses = Subito, perdendo ciò che manca allo standby
failover-drill = È un'esercitazione
failover-drill-hint = Viene comunque eseguita davvero; i suoi tempi diventano le stime.
failover-confirm = Digita { $name } per confermare
failover-emergency = Nessuna seconda persona è raggiungibile
failover-emergency-hint = Parte subito, e qualcun altro deve farne la revisione.
failover-emergency-word = Emergenza
failover-emergency-said = Avviato da una sola persona; un'altra deve farne la revisione
failover-override = Deroga alla regola { $rule }: { $why }
failover-started = Avviato da { $by },
failover-allowed = , autorizzato da { $by }
failover-pause = Metti in pausa dopo questo passo
failover-resume = Riprendi
failover-fail-back = Avvia il failback...
failover-go-back = Ferma e avvia il failback...
failover-needs-second = Una seconda persona deve autorizzarlo.
failover-failed = Passo fallito: { $what }.
failover-rule-stops = Una regola di sicurezza vieta: { $what }.
failover-rule-asking-detail = Non inizia nient'altro. Riprova quando la regola è rispettata, deroga nominandola, ferma qui o avvia il failback.
failover-does-not-begin = non inizia.
failover-asking-detail = Non inizia nient'altro. Riprova, salta il passo con un motivo, ferma qui o avvia il failback.
failover-stopped-by = { $by }: { $reason }
failover-stopped-what = Fermato. Ciò che si è spostato resta dov'è.
failover-refused-what = Non è stato spostato nulla.
failover-stands = Resta così finché qualcuno non avvia il failback.
failover-stands-detail = Richieste e leader restano dove sono stati spostati.
failover-paused-by = Messo in pausa da { $by }. Nessun passo inizia.
failover-groups = Gruppi nell'ordine di recupero
failover-log = Log
failover-takes-back = Riporta indietro
failover-allow = Autorizza e avvia
failover-retry = Riprova
failover-skip = Salta il passo fallito...
failover-skip-asked = Salta questo passo...
failover-override-rules = Deroga alle regole di sicurezza...
failover-override-rule = Deroga: { $rule }
failover-override-hint = Senza questa casella si chiede prima a una seconda persona. Con essa l'esecuzione prosegue subito, e qualcun altro deve farne la revisione.
failover-overridden = Regole di sicurezza derogate
failover-skip-running = Salta il passo in corso...
failover-approval = Approvazione
failover-open-approval = Apri { $id }
failover-stop = Ferma qui...
failover-force = Non attendere più i dati...
failover-force-hint = Senza questa casella, se si possono perdere dati si chiede prima a una seconda persona. Con essa, qualcun altro deve farne la revisione.
failover-no-data = Esecuzioni passate e gate ora non sono leggibili.
failover-judged = Verificato alle { $at } UTC, { $age } fa.
failover-stuck = Bloccato: { $what }.
failover-stuck-since = Dalle { $at }, da { $age }.
failover-stuck-measured = Dura più del doppio del più lungo passo simile finora, limite { $limit }.
failover-stuck-default = Dura più di { $limit }; nessun passo simile è stato misurato finora.
failover-drift = Dall'ultima esecuzione
failover-drift-never = Non è mai stato eseguito fino in fondo: un'esercitazione mostra che cosa fa.
failover-drift-drill = L'ultima esercitazione:
failover-drift-run = L'ultima esecuzione:
failover-drift-none = Nel piano non cambia nulla.
failover-again = Che cosa è cambiato da quando hai guardato
failover-again-same = È stato verificato di nuovo ora: nel piano non è cambiato nulla.
failover-again-changed = È stato verificato di nuovo ora. Guarda che cosa è cambiato, poi avvialo.
failover-again-unknown = È stato verificato di nuovo ora. Ciò che avevi guardato non è più noto.
failover-open = Apri il failover
problem-failover = Il failover di { $lose } attende una persona
problem-failover-detail = { $why } Nient'altro del failover inizia.
problem-failover-stuck = Il failover di { $lose } è bloccato
problem-failover-stuck-detail = { $n ->
    [0] { $step } dura più di { $limit } dalle { $since }. { $waits }
    [one] { $step } dura più di { $limit } dalle { $since }, e un altro passo supera il suo limite. { $waits }
   *[other] { $step } dura più di { $limit } dalle { $since }, e altri { $more } passi superano il loro limite. { $waits }
}
problem-standby = { $db } non potrebbe fare failover in { $dc }
problem-standby-detail = { $why } Se forzato, si perderebbe ciò che manca allo standby.
problem-dropped = { $group } in { $dc }: manca il { $percent } % del traffico
problem-dropped-detail = Il calo è in { $dc } e non altrove. Il piano senza { $dc } è a un clic.

## Orchestrator
orchestrator-title = Orchestratore
orchestrator-open = Orchestratore
orchestrator-note = Che cosa significano i cali di traffico, e che cosa è stato deciso
orchestrator-places = Traffico per data center e gruppo
orchestrator-col-datacenter = Data center
orchestrator-col-mode = Modalità
orchestrator-col-traffic = Traffico
orchestrator-none = Nulla è sorvegliato.
orchestrator-none-detail = I gruppi con la modalità off non sono sorvegliati, né i posti lasciati da un failover.
orchestrator-learning = In apprendimento
orchestrator-normal = Come previsto
orchestrator-no-data = Nessun dato
orchestrator-dropped = In calo
orchestrator-dropped-detail = Manca il { $percent }: ne sono arrivate { $observed } al secondo su { $expected }
orchestrator-decisions = Decisioni
orchestrator-quiet = Finora nessun calo.
orchestrator-quiet-detail = Ogni calo viene conservato qui con ogni domanda e la sua risposta, e anche con ciò che si sarebbe fatto dove nulla può avvenire senza una persona.
orchestrator-older = Decisioni più vecchie
orchestrator-old = Non si sa come stia il traffico.
orchestrator-old-since = Ultimo controllo del leader: { $at }.
orchestrator-never = Nessun leader ha ancora controllato.
orchestrator-nothing = Nulla
orchestrator-watch = Osservare
orchestrator-advise = Avvisare una persona
orchestrator-switch = Commutare
answer-yes = Sì
answer-no = No
answer-not-known = Sconosciuto
question-fresh = Dati recenti: ultimo segnale { $age } fa, al massimo { $most }.
question-dropped = C'è stato un calo: manca { $size } (almeno { $least }), certezza { $sure } (almeno { $surely }).
question-others = Gli altri non sono in calo: { $steady } stabili, { $dropped } in calo, { $unknown } di stato sconosciuto.
question-second = Un secondo segnale: nodi in servizio { $serving }, agente senza segnali da { $silent }, richieste fallite { $errors }.
question-healthy = La destinazione è in salute: nodi in servizio { $serving } (almeno { $least }).
question-capable = La destinazione può reggere: margine { $spare } al secondo, necessarie { $needed }.
question-near = La destinazione è abbastanza vicina: { $extra } in più, al massimo { $most }.
question-cool = L'ultima commutazione è abbastanza lontana: { $since }, almeno { $least }.
question-free = Nessuna regola o gate lo vieta.
question-forbidden = Vietato da { $rules }.
failover-rule-holds = Rispettata
failover-rule-broken = Non rispettata

# Approvals
approvals = Approvazioni
approvals-note = Ciò che una persona chiede e un'altra deve autorizzare, e ciò che è stato fatto in emergenza
approvals-open = In attesa
approvals-over = Con risposta o concluse
approvals-none = Nulla attende una seconda persona.
approvals-none-context = Ciò che fa perdere dati, deroga a una regola di sicurezza o dà diritti passa prima da qui.
approval-col-what = Che cosa
approval-col-state = Stato
approval-col-by = Chiesto da
approval-col-at = Inizio
approval-col-until = Fino a
approval-col-answered = Risposta di, o fino a
approval-failover = Failover di { $lose }
approval-force = Forzare { $run }, failover di { $lose }
approval-override = { $run }, failover di { $lose }, in deroga alle regole di sicurezza: { $rules }
approval-restore = Ripristino su { $db }
approval-roll-back = Rollback di { $service } da { $from } a { $to }
approval-grants = Più ruoli per { $user }
approval-why-failover = Può far perdere dati o deroga a una regola di sicurezza, quindi prima lo autorizza una seconda persona.
approval-why-force = Agli standby può mancare ciò che è stato scritto per ultimo, quindi prima lo autorizza una seconda persona.
approval-why-override = Una regola di sicurezza lo vieta, quindi prima lo autorizza una seconda persona.
approval-why-restore = Sovrascrive un database attivo, quindi prima lo autorizza una seconda persona.
approval-why-roll-back = La versione più vecchia non può leggere ciò che ha scritto la più recente, quindi prima lo autorizza una seconda persona.
approval-why-grants = I diritti non li concede una persona da sola, quindi prima li autorizza un secondo amministratore.
approval-waiting = Attende una seconda persona
approval-review-due = Revisione da fare
approval-review-late = Revisione non fatta
approval-approved = Approvato
approval-found-right = Giudicato corretto
approval-refused = Rifiutato
approval-found-wrong = Giudicato non corretto
approval-withdrawn = Ritirato
approval-expired = Scaduto
approval-void = Decaduto
approval-asked = Chiesto da { $by }
approval-open-object = Apri l'oggetto della richiesta
approval-changed = Non è più ciò che era stato chiesto.
approval-what = Che cosa verrebbe fatto
approval-until = Decade dopo
approval-due = Revisione entro
approval-bound = Vincolato a
approval-needs = Chi può rispondere
approval-no-reason = Non ne è stato scritto nessuno
approval-no-roles = nessuno
approval-grant = { $role } ({ $scope })
approval-before = Ruoli attuali
approval-after = Ruoli dopo
approval-approved-by = Approvato da { $by }.
approval-right-by = Revisione di { $by }: era corretto.
approval-refused-by = Rifiutato da { $by }.
approval-wrong-by = Revisione di { $by }: non era corretto.
approval-withdrawn-by = Ritirato da { $by }.
approval-expired-what = Nessuno ha risposto in tempo.
approval-ask-again = Chiedilo di nuovo, se serve ancora.
approval-void-what = È decaduto.
approval-own = La richiesta è tua. Deve rispondere una seconda persona.
approval-share = Invia l'indirizzo di questa pagina a qualcuno che può rispondere.
approval-answer = Risposta
approval-withdraw = Ritira la richiesta
approval-approve = Approva e avvia
approval-refuse = Rifiuta
approval-right = Era corretto
approval-wrong = Non era corretto
approval-confirm-first = Prima ti viene chiesto di confermare la tua identità.
approval-line-plan = { $groups } { $groups ->
        [one] gruppo
       *[other] gruppi
    }, { $steps } { $steps ->
        [one] passo
       *[other] passi
    }, { $mode }
approval-line-group = { $id }: { $steps } { $steps ->
        [one] passo
       *[other] passi
    }
approval-line-copy = La copia { $label } in { $dc } sostituisce ciò che { $db } contiene ora
approval-line-roll-back = Tutte le richieste a { $service } tornano a { $to }; ciò che solo { $from } può leggere va perso per gli utenti
approval-line-force = { $run } prosegue senza attendere i dati: ciò che manca a uno standby quando subentra va perso
approval-line-override = { $run } prosegue benché questa regola di sicurezza non sia rispettata: { $rule }
approval-line-emergency = È stato fatto subito, in emergenza
problem-approval = { $what }: attende una seconda persona
problem-approval-detail = Chiesto da { $by }. Decade dopo: { $until } UTC.
problem-review = { $what }: eseguito in emergenza
problem-review-detail = Eseguito da { $by }. Un'altra persona deve farne la revisione entro: { $until } UTC.
problem-review-late = Eseguito da { $by }. Nessuno ne ha fatto la revisione entro: { $until } UTC.

# Availability
nav-availability = Disponibilità
availability-title = Disponibilità
availability-title-of = Disponibilità di { $name }
availability-note = Che cosa hanno visto gli utenti, minuto per minuto, e quanto budget è costato
availability-question = Quanto sono stati disponibili i servizi?
availability-answer = { $percent } { $window }. Minuti usati: { $used } di { $allowed }.
availability-gross = Al netto dei lavori pianificati; al lordo è { $percent }, con { $used } min usati. L'obiettivo è { $target }.
availability-all-measured = Tutti i minuti sono stati misurati.
availability-not-measured = { $minutes } min non sono stati misurati e non contano né come attivi né come fermi: { $worst } se fossero stati tutti fermi.
availability-since = Misurata da { $at }.
availability-until = Decisa fino a { $at }.
availability-unknown = Non ancora misurata.
availability-unknown-detail = I minuti vengono decisi alcuni minuti dopo che sono passati, quando ciò che gli edge dicono non può più cambiarli.
availability-none = non misurata
availability-fraction = { $good } di { $total }
availability-scope = { $what } nella regione { $region }
availability-services = { $n ->
    [one] { $count } servizio
   *[other] { $count } servizi
}
availability-net = Netto
availability-gross-word = Lordo
availability-target = Obiettivo
availability-requests = Con risposta
availability-down = Fermo
availability-degraded = Degradato
availability-unmeasured = Non misurato
availability-planned = Pianificato
availability-up = Attivo
availability-line = Stati nel tempo
availability-inside = Dettagli
availability-resolution = Un segno è { $step }, con lo stato peggiore al suo interno.
availability-col-of = Di
availability-col-from = Quando
availability-col-worst = Peggiore
availability-col-minutes = Minuti
availability-col-used = Budget usato
availability-shown = Sono elencati { $shown } tratti di { $all }, i più recenti.
availability-table-note = Minuti dei servizi: un minuto con due servizi fermi conta due. I tratti sempre attivi sono omessi.
availability-used = { $net } netti, { $gross } lordi, su { $allowed } min
availability-by-region = Per regione
availability-by-group = Per gruppo
availability-by-service = Per servizio
availability-groups-of = Gruppi di { $name }
availability-year = Negli ultimi 365 giorni: { $net } al netto, { $gross } al lordo; { $used } min usati al netto, { $used_gross } al lordo.
availability-year-means = { $target } lascia { $time } all'anno.
minutes-short = { $n } min
window-day = nelle ultime 24 ore
window-days = negli ultimi { $n } giorni
window-24h = 24 h
window-short = { $n } g
budget-title = Budget di errore
budget-note = obiettivo { $target }, al netto dei lavori pianificati
budget-left = restano
budget-pace = ritmo costante
budget-sentence = Restano { $left } minuti di { $allowed }.
budget-over = Esaurito, e superato di { $minutes } minuti.
budget-requests = Richieste fallite: { $errors } di { $requests }; l'obiettivo ne consente { $allowed }.
budget-card = Budget di errore 30 g
budget-card-none = Nessun minuto è stato ancora deciso.
budget-card-used = { $used } di { $allowed } min
burn-title = Quanto in fretta si consuma ogni budget
burn-col-state = Stato
burn-page = Si consuma in fretta
burn-ticket = Si consuma lentamente
burn-calm = Nel suo ritmo
burn-limit = { $long } e { $short }: { $limit }
burn-note = Con 1 il budget si consuma esattamente tutto. Il numero tra parentesi è della finestra breve. Una persona viene avvisata quando entrambi superano il limite: { $limits }.
outage-ledger = Registro dei fermi
outage-ledger-note = Fermi e lacune nelle misure, prima i più recenti
outage-none = Nessun fermo.
outage-none-detail = Nulla è stato fermo, e tutti i minuti decisi sono stati misurati.
outage-older = Meno recenti
outage-col-id = ID
outage-col-scope = Che cosa
outage-col-start = Inizio
outage-col-end = Fine
outage-col-length = Durata
outage-col-share = Richieste colpite
outage-col-minutes = Minuti
outage-col-cause = Causa
outage-col-counts = Conteggio
outage-goes-on = in corso
outage-by-probes = secondo i controlli di salute
outage-share = { $percent }% ({ $errors } di { $requests }) fallite
outage-counted = conteggiato
outage-excluded = escluso dal netto
outage-explained = non misurato, spiegato
outage-unexplained = non misurato, non spiegato
outage-title-down = { $what }: fermo
outage-title-planned = { $what }: fermo pianificato
outage-title-gap = { $what }: non misurato
outage-what = Che cosa è stato
outage-services = Servizi
outage-datacenters = Data center
outage-minutes = { $down } fermi, { $planned } pianificati, { $unmeasured } non misurati; { $counted } contano al netto dei lavori pianificati
outage-minutes-title = I minuti intorno
outage-going-on = Che cosa succedeva
outage-nothing-on = Nessun problema era aperto allora.
outage-audit = Registro di audit di quel periodo
outage-corrections = Correzioni
outage-no-corrections = Nessuno ha corretto ciò che è stato rilevato.
outage-before = prima: { $old }
outage-correct-title = Indica che cosa è stato
outage-correct-note = Nulla viene modificato: diventa una nuova voce sopra ciò che c'è, e una voce del registro di audit.
outage-correct = Aggiungi la correzione
outage-exclude = Escludilo dal conteggio al netto dei lavori pianificati
outage-exclude-hint = Al lordo conta comunque.
outage-reason = Motivo
outage-reason-hint = Almeno 10 caratteri; lo leggono gli auditor.
outage-problem = Problema
outage-problem-hint = Come at-12, oppure vuoto
outage-rollout = Rollout
outage-rollout-hint = Come ro-12, oppure vuoto
outage-run = Failover
outage-run-hint = Come fo-12, oppure vuoto
outage-mistake-cause = Scegli una delle cause
outage-mistake-problem = Scrivi un problema come at-12, o lascia il campo vuoto
outage-mistake-rollout = Scrivi un rollout come ro-12, o lascia il campo vuoto
outage-mistake-run = Scrivi un failover come fo-12, o lascia il campo vuoto
cause-not-told = Non ancora indicata
cause-platform-update = Aggiornamento della piattaforma
cause-infrastructure-update = Aggiornamento dell'infrastruttura
cause-new-feature = Nuova funzionalità
cause-infrastructure-down = Guasto dell'infrastruttura
cause-attack = Attacco
cause-natural-disaster = Calamità naturale
cause-urgent-hotfix = Hotfix urgente
cause-overload = Sovraccarico
cause-human-error = Errore umano
cause-planned = pianificato
cause-unplanned = non pianificato
report-title = Disponibilità, { $month }
report-open = Rapporto di questo mese
report-until = Decisa fino a { $at }.
report-empty = Di questo mese non si sa nulla.
report-empty-detail = Nessun suo minuto è stato deciso, o è più vecchio di quanto viene conservato.
report-figures = Cifre
report-month = Il mese
report-year = L'anno fino alla sua fine
report-both = { $net } al netto ({ $net_of } minuti dei servizi), { $gross } al lordo ({ $gross_of }).
report-causes = Per causa
report-outages = Fermi
report-gross = Minuti lordi
report-net = Minuti netti
report-more = Sono elencati solo i { $shown } più recenti.
report-how = Come si misura
report-method = Un minuto di un servizio in una regione è fermo quando almeno il 10% delle richieste dei suoi utenti è fallito agli edge della regione (stato 5xx o nessuna risposta), degradato dall'1% in su. Con meno di 10 richieste, o senza un edge che si faccia sentire, decidono i controlli di salute degli agenti; senza quelli non è misurato, cioè né attivo né fermo. I lavori pianificati sono fermo al lordo e non costano nulla al netto; ciò che una persona ha escluso dal netto ha un motivo nel registro di audit. Gli orari sono UTC.
problem-burns-fast = { $service }: il budget di errore si consuma in fretta
problem-burns-slowly = { $service }: il budget di errore si consuma
problem-burns-detail = Negli ultimi { $window } almeno { $rate } volte più in fretta di quanto possa. Se continua, l'obiettivo del mese è mancato.
audit-outage-found = { $how ->
    [done] Ha rilevato un fermo o una lacuna
   *[tried] Ha tentato di rilevare fermi
}
audit-outage-correct = { $how ->
    [done] Ha corretto ciò che si dice di un fermo
   *[tried] Ha tentato di correggere ciò che si dice di un fermo
}

## Runbooks
runbook-button = Runbook
kind-runbook = Runbook
kind-alias = Link breve
runbooks-note = Che cosa fare quando qualcosa va storto, passo per passo
runbooks-by = Ordine
runbooks-by-name = Per nome
runbooks-by-service = Per servizio
runbooks-by-alert = Per tipo di problema
runbooks-filter = Nome, servizio, tipo di problema o responsabile
runbooks-none = Nessun runbook corrisponde a «{ $q }».
runbooks-next = Pagina successiva
runbooks-overdue = { $n ->
    [one] 1 da rivedere
   *[other] { $count } da rivedere
}
runbooks-uses-unknown = Quando ciascuno è stato usato ora non si sa
runbook-alert = Tipo di problema
runbook-col-reviewed = Rivisto
runbook-col-used = Ultimo uso
runbook-never-used = Mai
runbook-overdue = Non rivisto da { $age }
runbook-owned = Responsabile: { $owner }.
runbook-reviewed = Rivisto
runbook-library = È fornito con il programma.
runbook-own = È della flotta.
runbook-services = Riguarda
runbook-edit = Modifica...
runbook-new = Scrivi un runbook...
runbook-edit-title = Modifica il runbook { $slug }
runbook-edit-note = Salvato subito per tutti i server e conservato come revisione
runbook-text = Testo
runbook-slug = Nome
runbook-slug-hint = L'ultima parte del suo indirizzo: a-z, 0-9 e trattini singoli. Il nome di uno fornito con il programma lo sostituisce.
runbook-source = Testo in Markdown
runbook-source-hint = Dati iniziali tra due righe di tre segni più, poi il testo. Gli elementi numerati al margine sinistro sono i passi.
runbook-reason = Perché, per il registro di audit
runbook-save = Salva il runbook
runbook-saved = Il runbook è salvato.
runbook-saved-detail = La revisione { $revision } è in vigore su tutti i server.
runbook-same = Non cambierebbe nulla: è già in vigore.
runbook-findings = Che cosa correggere
runbook-mistakes = { $n ->
    [one] Correggi l'errore elencato sopra il testo
   *[other] Correggi i { $count } errori elencati sopra il testo
}
runbook-line = Riga { $line }:
runbook-remove = Rimuovi quello della flotta
runbook-remove-head = Rimozione
runbook-remove-note = Se uno con questo nome è fornito con il programma, torna in vigore quello.
rb-read = { $query }, letto: { $at } UTC
rb-values-read = Valori attuali letti: { $at } UTC. Ricarica per averne di più recenti.
rb-step = Passo { $number }
rb-for = Aperto dal problema
rb-for-ended = Aperto da un problema che è finito
rb-link-subject = si apre da un problema
rb-link-roles = può farlo: { $roles }
rb-none-runs = nessuna istanza in esecuzione
rb-healthy = { $healthy } in salute su { $total }
rb-healthy-unknown = { $healthy } in salute su { $total }, { $unknown } sconosciute
rb-no-rollout = nessun rollout in corso
rb-rollout = { $id } verso { $version } è in corso
rb-problems = { $n ->
    [0] nessuno
    [one] 1 aperto
   *[other] { $count } aperti
}
rb-reporting = invia rapporti
rb-never = mai sentito
rb-silent = silente da { $since }
rb-ready = pronto
rb-ready-warnings = pronto, con avvisi
rb-ready-unknown = sconosciuto
rb-not-ready = non pronto
rb-ready-cause = { $word }: { $cause }
rb-lag = ritardo { $behind } in { $dc }, limite { $limit }
rb-backup-age = età { $age }, in { $dc }
rb-unknown-subject = non noto: apri questa pagina da un problema
rb-unknown-there = non noto: la flotta non ha { $id }
rb-unknown-silent = non noto: { $dc } è silente
rb-unknown-data = non noto: nessuno l'ha ancora comunicato
rb-unknown-cluster = nessuno standby: gira in un solo data center
rb-unknown-copy = nessuna copia ripristinabile
run-start = Inizia un'esecuzione
run-open = In corso
run-worked = Ha funzionato
run-partly = Ha funzionato in parte
run-did-not = Non ha funzionato
runs-title = Esecuzioni dei runbook
runs-note = Chi ha seguito quale runbook, e se è servito
runs-all = Tutte le esecuzioni
rb-runs-older = Meno recenti
runs-empty = Nessuno ha ancora seguito un runbook.
runs-empty-context = Apri un runbook e inizia un'esecuzione: conserva che cosa è stato fatto, quando e da chi.
run-col-run = Esecuzione
run-col-runbook = Runbook
run-col-about = Problema
run-col-started = Inizio
run-col-by = Da
run-col-steps = Passi fatti
run-col-outcome = È servito
run-steps-of = { $done } di { $all }
rb-run-progress = { $done } passi fatti su { $all }.
run-started = Iniziata da { $by }, { $at }.
run-runbook = Il runbook com'è ora
run-lost = Ciò che diceva il runbook non si può più mostrare.
run-note = Nota al passo { $number }
run-note-hint = Nota
run-add-note = Aggiungi la nota
run-done = Fatto
run-undone = In realtà non fatto
run-done-by = Fatto da { $by },
run-choose = Scegli
run-outcome = È servito?
run-outcome-missing = Scegli se è servito
run-end = Fine dell'esecuzione
run-end-note = Che cosa dovrebbe sapere chi viene dopo
run-end-hint = Al massimo { $most } caratteri.
run-finish = Concludi l'esecuzione
run-ended = Conclusa da { $by } dopo { $took },

## Short links
aliases-title = Link brevi
aliases-note = Nomi che portano a pagine di questa console e restano quando queste si spostano
aliases-empty = Non c'è ancora nessun link breve.
aliases-empty-context = Creane uno per ciò che stampi in avvisi e documenti.
aliases-dead = { $n ->
    [one] 1 link breve non porta da nessuna parte
   *[other] { $count } link brevi non portano da nessuna parte
}
aliases-dead-detail = Puntalo a ciò che ha preso il posto della sua destinazione, o rimuovilo.
alias-col-link = Link
alias-col-target = Porta a
alias-dead = Non porta da nessuna parte
alias-overdue = Da rivedere
alias-moved = La destinazione si è spostata
alias-good = Valido
alias-new = Nuovo link breve
alias-name = Nome
alias-name-hint = a-z, 0-9 e trattini singoli. Il link è /go/ e questo nome.
alias-target = Indirizzo
alias-target-hint = Ciò che segue l'host nell'indirizzo della pagina, per esempio /runbooks/standby-not-ready#step-2
alias-owner-hint = Il team o l'utente che se ne occupa
alias-note = Dove si usa
alias-make = Crea il link breve
alias-change = Modifica
alias-save = Salva, rivisto oggi
alias-save-hint = Salvando dichiari di aver guardato dove porta.
alias-remove = Rimuovi { $name }
alias-remove-head = Rimozione
alias-changed = Modificato
alias-changed-by = Modificato da
problem-alias = Il link breve /go/{ $alias } non porta da nessuna parte
problem-alias-detail = È stato usato di recente, e { $target } non c'è più.

## Gone
gone-title = { $what } non c'è più
gone-fact = Questo indirizzo una volta era valido.
gone-detail = Ciò che indicava non c'è più.
gone-was = Che cosa era
gone-end = La sua fine
gone-ended = Finito
gone-by = Da
gone-why = Perché
gone-successors = Che cosa ha preso il suo posto
gone-no-successor = Nessuno ha scritto che cosa ha preso il suo posto.
gone-service = Il servizio { $id }
gone-datacenter = Il data center { $id }
gone-region = La regione { $id }
gone-group = Il gruppo { $id }
gone-database = Il database { $id }
gone-edge = L'edge { $id }
gone-runbook = Il runbook { $slug }
gone-name = Si chiamava { $name }.
gone-in-group = Apparteneva al gruppo { $group }.
gone-in-region = Si trovava in { $region }.
gone-version = La flotta ne dichiarava la versione { $version }.
gone-last-entry = L'ultima cosa scritta al riguardo: { $what }

approval-waiver = { $event } senza la verifica «{ $check }»
approval-why-waiver = Una verifica di un evento pianificato è aperta, quindi prima una seconda persona accetta di farne a meno.
approval-line-waiver = { $event } può iniziare anche se «{ $check }» non è superata, fino a { $until }

# Planned events
nav-events = Eventi
events-note = Che cosa sarà cambiato, dove e quando, e le verifiche prima che possa iniziare
events-next = Prossimi
events-past = Passati
events-none = Nulla è pianificato.
events-none-context = Qui si pianificano aggiornamenti, nuove funzionalità e correzioni urgenti, così nessuno è colto di sorpresa.
events-month = Eventi di { $name }
events-utc = giorni in UTC
events-more = e altri { $n }
events-soon = Prossime 24 ore
event-named = { $id } { $title }
event-plan = Pianifica un evento
event-plan-title = Pianifica un evento
event-change-title = Modifica { $id }
event-change = Modificalo
event-change-open = Modifica…
event-change-ticks = Ciò che è stato spuntato e derogato valeva per le parole attuali. Dopo una modifica si riguarda tutto.
event-form = Che cosa sarà fatto
event-col-what = Che cosa
event-col-state = Stato
event-col-when = Quando
event-col-where = Data center
event-col-kind = Tipo
event-col-by = Pianificato da
event-kind-platform = Aggiornamento della piattaforma
event-kind-infrastructure = Aggiornamento dell'infrastruttura
event-kind-feature = Nuova funzionalità
event-kind-hotfix = Hotfix urgente
event-kind-hint = Un hotfix urgente ha le stesse verifiche di ogni rilascio.
event-planned = Pianificato
event-running = In corso
event-done = Concluso
event-cancelled = Annullato
event-never-started = Tempo scaduto, non avviato
event-never-started-detail = Cambia l'orario o annullalo.
event-overrun = In ritardo, non concluso
event-title = Titolo
event-what = Che cosa si fa
event-from = Inizio
event-from-hint = UTC, come 2026-12-24 18:00; entro i prossimi { $days } giorni.
event-until = Fine
event-until-hint = UTC; al massimo { $days } giorni dopo l'inizio.
event-places = Data center
event-places-hint = Con i loro ID, separati da virgole: { $places }.
event-services = Servizi
event-services-hint = Una riga per ciascuno: l'ID e la versione che arriva, se ne arriva una. Nessuno: tutti in questi data center.
event-services-all = tutti in questi data center
event-out = Fuori dal traffico
event-out-hint = Questi data center intanto non servono utenti.
event-compatible = Retrocompatibile
event-compatible-hint = Ciò che usa questi servizi continua a funzionare senza modifiche.
event-effect = Effetto atteso
event-way-back = Via di ritorno
event-way-back-hint = Come si annulla. Un aggiornamento dell'infrastruttura deve averla.
event-commit = Commit
event-commit-hint = Il commit del repository che ha tutta la sua configurazione.
event-unwritten = non scritto
event-no = no
event-planned-by = Pianificato da { $by }
event-local = da { $from } a { $until }
event-mistake-time = Scrivi un orario come 2026-12-24 18:00, in UTC.
event-mistake-id = «{ $typed }» non si può usare: { $why }.
event-start = Avvia
event-start-from = Si può avviare da { $at }.
event-started = Avviato da { $by }: { $at }.
event-without = Senza: { $names }.
event-end = Concludi
event-end-note = Com'è andata
event-ended = Concluso da { $by }: { $at }.
event-cancel = Annulla l'evento
event-cancelled-by = Annullato da { $by }: { $at }.
event-ready = Ogni verifica è superata o derogata.
event-ready-detail = Inizio: { $at }, tra { $left }.
event-open = { $n ->
    [one] 1 verifica è aperta.
   *[other] { $n } verifiche sono aperte.
}
event-checklist = Lista di verifica
event-checks-count = { $open } aperte su { $all }
event-check = Verifica
event-check-why = Perché
event-check-seen = Alla data
event-check-fix = Apri
event-check-open = Apri dove si rimedia a «{ $name }»
event-check-passes = Superata
event-check-fails = Non superata
event-check-unknown = Sconosciuta
event-check-waived = Derogata
event-waived-until = Derogata fino a { $at }.
event-check-backups-fresh = I backup sono aggiornati
event-check-backups-proven = I backup sono provati
event-check-bench = Il banco di prova è superato
event-check-configuration = La configurazione è in un repository
event-check-pipeline = La pipeline è aggiornata e verde
event-check-nodes = Due o più nodi in servizio
event-check-consumers = Ciò che lo usa è stato provato
event-check-pre-production = Prima la pre-produzione
event-check-way-back = La via di ritorno è scritta
event-check-no-failover = Nessun failover in corso
event-check-gates = Nessun blocco e nessun freeze
event-check-collisions = Nessuna collisione
event-tick = Spunta una verifica
event-tick-note = Che cosa hai guardato
event-waive = Chiedi di fare a meno di una verifica
event-waive-until = Derogata fino a
event-waive-until-hint = UTC, come 2026-12-24 18:00; al massimo { $days } giorni da oggi. Una seconda persona deve essere d'accordo.
event-waivers = Deroghe
event-log = { $what } ({ $who }).
event-log-note = { $what } ({ $who }): { $note }
event-log-title = Che cosa è successo

## Notifications
problem-notify = Il canale { $name } non consegna
problem-notify-detail = Nessun messaggio è arrivato da { $since }. Chi vi si affida non viene avvisato dei problemi.
problem-notify-stopped = Il destinatario ha detto di non esistere più e non viene più interpellato. Chi vi si affida non viene avvisato dei problemi.
problem-snooze = Sospendi
problem-snooze-title = Lasciala stare per un po'
problem-snooze-text = Fino ad allora nessuno ne viene più avvisato, a meno che peggiori. Resta nell'elenco.
problem-snooze-for = Per
problem-snoozed = Sospesa fino a
problem-snoozed-by = { $until }, da { $who }
problem-wake = Termina la sospensione
problem-flaps = Va e viene
problem-flaps-detail = Si è aperta { $count } volte nella mezz'ora precedente; termina quando è assente da { $minutes }.
problem-told = Chi è stato avvisato
problem-told-none = Nessun canale ne è stato avvisato.
attention-snoozed = Sospesi
settings-notifications = Notifiche
notify-note = Chi viene avvisato dei problemi, e se arriva
notify-caption = Canali
notify-empty = Nessuno viene avvisato dei problemi.
notify-empty-context = Compaiono in Attenzione e da nessun'altra parte. Crea un canale e invia una prova.
notify-no-url = I messaggi non contengono link.
notify-no-url-detail = Avvia i server con --public-url, così dal messaggio si arriva alla console.
notify-networks = Reti non pubbliche che possono essere avvisate
notify-networks-none = Nessuna: ogni indirizzo deve essere pubblico e la connessione cifrata. I server ne consentono altre con --notify-allow.
notify-channel = Canale
notify-way = Mezzo
notify-to = A
notify-last = Ultima consegna
notify-next = Prossimo tentativo
notify-never = mai
notify-way-webhook = Webhook
notify-way-email = Posta elettronica
notify-new-webhook = Nuovo webhook
notify-new-email = Nuovo canale di posta
notify-new-alertmanager = Nuovo Alertmanager
notify-change-title = Modifica { $name }
notify-idle = Ancora nessun invio
notify-active = Consegna
notify-failing = Errori da { $at }
notify-paused = In pausa
notify-stopped = Fermo: il destinatario non c'è più
notify-stopped-detail = Il destinatario ha risposto 410. Riprendi il canale quando esiste di nuovo, o rimuovilo.
notify-fails-detail = Le consegne vengono ritentate, { $next }. Ultima risposta: { $answer }
notify-fails-next = prossima: { $at }
notify-fails-none = al prossimo problema
notify-given-up-count = Rinunce da allora
notify-hears = Riceve
notify-hears-critical = Ciò che è critico
notify-hears-warning = Tutto
notify-hears-kinds = Tipi
notify-hears-groups = Gruppi
notify-hears-datacenters = Data center
notify-all = tutti
notify-repeats = Ripetizione
notify-repeats-every = ogni { $time } finché è aperto
notify-repeats-never = mai
notify-made = Creato
notify-secret-fact = Segreto
notify-secret-has = conservato, non mostrato
notify-secret-none = nessuno
notify-deliveries = Consegne
notify-deliveries-empty = Non è stato ancora inviato nulla.
notify-deliveries-empty-context = Invia una prova per vedere se arriva.
notify-delivery = Consegna
notify-what = Oggetto
notify-planned = Prevista
notify-state = Stato
notify-tries = Tentativi
notify-answer = Risposta
notify-no-answer = ancora nessuna
notify-waiting = In attesa fino a { $at }
notify-trying = Tentativo in corso
notify-sent = Consegnata { $at }
notify-given-up = Rinuncia { $at }
notify-content-test = Prova di { $by }
notify-content-several = { $count } problemi
notify-what-opened = { $title } (aperto)
notify-what-worse = { $title } (peggiorato)
notify-what-still = { $title } (ancora aperto)
notify-what-ended = { $title } (terminato)
notify-trouble-not-allowed = non inviato: l'indirizzo non è consentito
notify-trouble-name = nome non trovato
notify-trouble-connection = nessuna connessione
notify-trouble-encryption = nessuna connessione cifrata
notify-trouble-timeout = nessuna risposta in tempo
notify-trouble-secret = non inviato: il segreto non si può aprire, riscrivilo
notify-trouble-message = non inviato: impossibile comporre il messaggio
notify-trouble-interrupted = il server si è fermato a metà
notify-test = Invia una prova
notify-tested-sent = La prova è arrivata.
notify-tested-failed = La prova non è arrivata.
notify-change = Modifica
notify-pause = Metti in pausa
notify-resume = Riprendi
notify-remove = Rimuovi { $name }
notify-remove-title = Rimozione
notify-remove-text = Non viene più inviato nulla e il suo segreto è cancellato. Gli invii restano noti per 90 giorni.
notify-rotate = Crea un nuovo segreto
notify-rotate-title = Segreto per la firma
notify-rotate-text = I messaggi sono firmati con il nuovo e il vecchio per { $hours } ore; poi solo con il nuovo.
notify-secret-shown = Il segreto per la firma di { $name }. Copialo ora.
notify-secret-shown-detail = È mostrato solo questa volta. Chi lo possiede può creare messaggi che sembrano di Mainstay.
notify-secret-label = Segreto per la firma
notify-done-created = Il canale è pronto. Invia una prova.
notify-done-changed = Il canale è stato modificato.
notify-done-paused = Il canale è in pausa. Non viene inviato nulla.
notify-done-resumed = Il canale consegna di nuovo.
notify-done-removed = Il canale è stato rimosso.
notify-field-name = Nome
notify-field-url = Indirizzo
notify-field-url-hint = https, pubblico; altre reti solo se i server le consentono
notify-field-am-hint = La base di Alertmanager, come https://alerts.example.org
notify-field-host = Server di posta
notify-field-port = Porta
notify-field-security = Cifratura
notify-security-start-tls = STARTTLS, obbligatorio
notify-security-tls = TLS dall'inizio
notify-security-none = nessuna, solo in reti consentite
notify-field-user = Utente del server di posta
notify-field-user-hint = Vuoto: nessun accesso
notify-field-password = Password del server di posta
notify-field-token = Token di accesso
notify-field-secret-hint = Vuoto: nessuno
notify-field-secret-keep = Vuoto: quello che ha già
notify-field-from = Mittente
notify-field-to = Destinatari, separati da virgole
notify-field-least = Riceve
notify-field-groups = Solo questi gruppi
notify-field-datacenters = Solo questi data center
notify-field-ids-hint = Id come nella flotta, separati da virgole; vuoto: tutti
notify-field-kinds = Solo questi tipi di problemi
notify-field-kinds-hint = Come service-down, traffic-dropped; vuoto: tutti
notify-field-repeat = Ripeti dopo minuti
notify-field-repeat-hint = 0: mai. Al massimo { $most }.
notify-create = Crea il canale
notify-save = Salva
field-address = indirizzo
field-server = server di posta
field-port = porta
field-mailbox = indirizzo della casella
field-secret = segreto
field-group = gruppo
mistake-web-address = Scrivi un indirizzo come https://hooks.example.org/mainstay, senza utente, password o #.
mistake-mailbox = Scrivi caselle come on-call@example.org.
mistake-not-public = Questo indirizzo non è pubblico. Scegline un altro, o fai consentire la sua rete con --notify-allow.
mistake-not-encrypted = Scegli una connessione cifrata (https, TLS), o fai consentire la rete con --notify-allow.
mistake-secret-again = Scrivi di nuovo il segreto: quello conservato non viene mostrato a un altro server, utente o connessione.
audit-problem-snooze = { $how ->
    [done] Ha sospeso un problema, o l'ha ripreso
   *[tried] Ha tentato di sospendere un problema
}
audit-channel-create = { $how ->
    [done] Ha creato un canale di notifica
   *[tried] Ha tentato di creare un canale di notifica
}
audit-channel-change = { $how ->
    [done] Ha modificato un canale di notifica
   *[tried] Ha tentato di modificare un canale di notifica
}
audit-channel-pause = { $how ->
    [done] Ha messo in pausa un canale di notifica
   *[tried] Ha tentato di mettere in pausa un canale di notifica
}
audit-channel-resume = { $how ->
    [done] Ha ripreso un canale di notifica
   *[tried] Ha tentato di riprendere un canale di notifica
}
audit-channel-remove = { $how ->
    [done] Ha rimosso un canale di notifica
   *[tried] Ha tentato di rimuovere un canale di notifica
}
audit-channel-rotate = { $how ->
    [done] Ha creato un nuovo segreto di un canale
   *[tried] Ha tentato di creare un nuovo segreto di un canale
}
audit-channel-test = { $how ->
    [done] Ha inviato una prova su un canale
   *[tried] Ha tentato di inviare una prova su un canale
}
audit-channel-stop = { $how ->
    [done] Ha fermato un canale senza più destinatario
   *[tried] Ha tentato di fermare un canale
}
audit-delivery-give-up = { $how ->
    [done] Ha rinunciato a una notifica
   *[tried] Ha tentato di rinunciare a una notifica
}

# Il passato
snapshot = Istantanea
snapshot-title = Così era il { $at }
snapshot-detail = In sola lettura: che cosa girava e dove, quali agenti si sentivano, quali problemi erano aperti. Misure, rollout, database e traffico non vengono conservati.
snapshot-earlier = 1 min prima
snapshot-later = 1 min dopo
snapshot-go-live = Torna al presente
refusal-past = Questo è il passato. Torna al presente per agire.
unrecorded = Di quel momento non si sa nulla.
unrecorded-detail = Nessuno ha annotato che cosa girava e dove il { $at }: nessun server guidava, oppure sono passati più di 31 giorni.
unrecorded-before = Ultimo momento noto prima: { $at }
unrecorded-after = Primo momento noto dopo: { $at }
moment-unreadable = «{ $value }» non è un momento. Scrivilo come 2026-11-20T03:12:07Z.
moment-ahead = { $at } deve ancora arrivare.
keys-moment = copia un link a questa pagina com'è in questo momento
problem-then = Com'era
problem-then-link = quando è iniziato
settings-pipelines = Pipeline
pipelines-note = Chi può riferire delle pipeline di rilascio, e che cosa ha detto
pipelines-caption = Fonti
pipelines-empty = Nessuno riferisce delle pipeline.
pipelines-empty-context = La verifica di una pipeline è quello che dice una persona. Con una fonte, rispondono le sue segnalazioni.
pipeline-source = Nome
pipeline-format = Invia come
pipeline-format-generic = Qualsiasi programma che firma
pipeline-below = Repository
pipeline-below-all = tutti
pipeline-below-hint = L'indirizzo di uno, o dove cominciano tutti, come github.com/acme. Vuoto: tutti
pipeline-state = Stato
pipeline-state-heard = Sentita
pipeline-state-refused = L'ultimo è stato rifiutato
pipeline-state-silent = Nessun invio finora
pipeline-accepted = Ultimo accettato
pipeline-refused = Ultimo rifiutato
pipeline-never = mai
pipeline-new = Nuova fonte
pipeline-create = Crea la fonte
pipeline-refused-signature = la firma era sbagliata
pipeline-refused-stale = era troppo vecchio
pipeline-refused-malformed = non si poteva leggere
pipeline-refused-elsewhere = non dei suoi repository
pipeline-refused-many = troppi insieme
pipeline-setup = Come configurarla
pipeline-setup-github = Nel repository o nell'organizzazione apri Settings, Webhooks, Add webhook. Payload URL: l'indirizzo qui sotto; content type: application/json; secret: quello mostrato qui. Scegli singoli eventi, e fra questi workflow runs.
pipeline-setup-gitlab = Nel progetto o nel gruppo apri Settings, Webhooks, Add new webhook. URL: l'indirizzo qui sotto; secret token: quello mostrato qui. Scegli pipeline events.
pipeline-setup-generic = Invia JSON all'indirizzo qui sotto, firmato come dice Standard Webhooks. Lo fa un ultimo passo della pipeline, con il segreto in MAINSTAY_SECRET:
pipeline-messages = Messaggi
pipeline-messages-empty = Nessun messaggio è ancora firmato da lei.
pipeline-messages-empty-context = Quello che è firmato male viene solo contato; i dati accanto dicono quando l'ultimo è stato rifiutato.
pipeline-when = Quando
pipeline-event = Genere
pipeline-verdict = Risposta
pipeline-said = Che cosa dice
pipeline-taken = Accettato
pipeline-known = Già noto
pipeline-left = Tralasciato
pipeline-running = in corso
pipeline-passed = riuscita
pipeline-failed = non riuscita
pipeline-made = Creata
pipeline-overlap = Il segreto di prima vale fino a
pipeline-rotate-title = Segreto
pipeline-rotate = Crea un nuovo segreto
pipeline-rotate-text = Quello di prima vale accanto ancora per { $hours } ore; poi solo il nuovo.
pipeline-remove-title = Rimuoverla
pipeline-remove = Rimuovi { $name }
pipeline-remove-text = Il suo segreto viene cancellato, e quello che ha detto dei commit non vale più.
pipeline-secret-shown = Il segreto di { $name }. Copialo adesso.
pipeline-secret-detail = È mostrato solo questa volta. Chi lo ha può dire che una pipeline è riuscita.
pipeline-secret-label = Segreto
pipeline-done-removed = La fonte è stata rimossa. Niente di suo viene più accettato.
mistake-repository = Scrivi l'indirizzo di un repository, come https://git.example.org/shop, senza password.
audit-pipeline-source-create = { $how ->
    [done] Ha creato una fonte di segnalazioni delle pipeline
   *[tried] Ha tentato di creare una fonte di segnalazioni delle pipeline
}
audit-pipeline-source-rotate = { $how ->
    [done] Ha creato un nuovo segreto di una fonte di pipeline
   *[tried] Ha tentato di creare un nuovo segreto di una fonte di pipeline
}
audit-pipeline-source-remove = { $how ->
    [done] Ha rimosso una fonte di segnalazioni delle pipeline
   *[tried] Ha tentato di rimuovere una fonte di segnalazioni delle pipeline
}
audit-pipeline-report = { $how ->
    [done] Ha segnalato un'esecuzione di una pipeline
   *[tried] Ha tentato di segnalare un'esecuzione di una pipeline
}
event-repository = Repository del commit
event-repository-hint = L'indirizzo del repository che lo contiene, come https://git.example.org/shop. Gli viene chiesto il commit.
start-event = Evento pianificato
start-event-none = Non appartiene a nessuno
start-event-hint = Il rollout appare sulla sua pagina. Alcuni servizi chiedono verifiche di un evento.
start-fixes = Che cosa lo trattiene
event-owned = Che cosa gli appartiene
event-owned-none = Nessun rollout e nessun failover gli appartiene ancora.
event-owned-what = Che cosa
event-start-rollout = Avvia il rollout di { $service }...
event-of = Parte di
