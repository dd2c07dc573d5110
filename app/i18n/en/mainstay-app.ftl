# The console's words, in English (British). One id for each sentence; numbers arrive ready made
# ("1,204"), next to a bare number where a plural depends on it. No exclamation marks, no "please".

## States
status-failing = Failing
status-degraded = Degraded
status-unknown = Unknown
status-planned = Planned
status-updating = Updating
status-healthy = Healthy
status-count-failing = { $count } failing
status-count-degraded = { $count } degraded
status-count-unknown = { $count } unknown
status-count-planned = { $count } draining
status-count-updating = { $count } updating
status-count-healthy = { $count } healthy
state-starting = Starting
state-serving = Serving
state-unhealthy = Fails its health check
state-waiting = Starts again at { $at }
state-draining = Draining
cause-exited = ended with exit code { $code }
cause-killed = ended by signal { $signal }
cause-vanished = gone, nobody saw how
cause-not-started = could not be started: { $message }
cause-health-status = health check answered { $code }
cause-health-timeout = health check did not answer within { $after }
cause-health-refused = health check could not connect: { $message }
contact-never = No agent has reported yet
contact-reporting = Reports arrive
contact-silent = Silent since { $since }

## Numbers and times
list-separator = ,{ " " }
duration-ms = { $n } ms
duration-s = { $n } s
duration-min = { $n } min
duration-h = { $n } h
duration-d = { $n } d
months = Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec
weekdays = Mon Tue Wed Thu Fri Sat Sun
utc = { $time } UTC
since = since { $at }
bytes-kb = { $n } kB
bytes-mb = { $n } MB
bytes-gb = { $n } GB
cpu-cores = { $n } cores
cpu-percent = { $n }% of a core
not-measured = not measured

## Vendors, needs, roles
vendor-on-premises = on premises
need-warehouses = warehouses
need-couriers = couriers
role-viewer = viewer
role-operator = operator
role-approver = approver
role-auditor = auditor
role-admin = admin
role-or = { $first } or { $last }
scope-everywhere = everywhere
scope-groups = groups { $names }
scope-datacenters = data centres { $names }
scope-both = groups { $groups } in data centres { $datacenters }

## Refusals
refusal-sign-in = Sign in first.
refusal-role = This needs the role { $roles }. You do not hold it.
refusal-scope = You are { $role } for { $scope } only. Ask an admin for more.

## Problems: a title, and what it means
problem-silent = { $dc } is silent
problem-silent-detail = { $n ->
    [one] Not heard since { $since }. Its one instance is shown as unknown and not counted as healthy.
   *[other] Not heard since { $since }. Its { $count } instances are shown as unknown and not counted as healthy.
}
problem-never = { $dc } has never reported
problem-never-detail = The fleet declares it and no agent has joined from there. What runs there is unknown.
problem-failing = { $service } in { $dc }: { $failing } of { $total } instances failing
problem-failing-detail = { $n ->
    [0] Nothing serves { $service } in { $dc }.
    [one] One instance still serves there.
   *[other] The other { $serving } still serve there.
}
problem-failing-cause = { $detail } Cause: { $cause }.
problem-too-few = { $service } in { $dc }: { $serving } of { $wanted } nodes serve
problem-too-few-detail = { $n ->
    [0] Nothing serves { $service } in { $dc }.
    [one] Losing one more instance there stops the service in { $dc }.
   *[other] The fleet asks for at least { $wanted }.
}
problem-misplaced = { $service } runs in { $dc }, where it is not placed
problem-misplaced-detail-local = { $n ->
    [one] One instance runs
   *[other] { $count } instances run
} in a region that lacks what the service works for.
problem-misplaced-detail = { $n ->
    [one] One instance is left there
   *[other] { $count } instances are left there
}; the fleet places none.
problem-one-left = { $service } serves from { $dc } only
problem-one-left-detail = Losing { $dc } stops { $service } for every user. Distributed services serve from at least two data centres.
problem-down = { $service } serves nowhere
problem-down-detail = No data centre has a serving instance.
problem-mixed = { $service } in { $dc } runs { $count } versions
problem-mixed-detail = { $versions } run side by side and no update is in progress.
problem-rewound = The state store went back in time
problem-rewound-detail = { $n ->
    [one] A decision that an agent carried out in { $places } is not in the database.
   *[other] { $count } decisions that agents carried out in { $places } are not in the database.
} Nothing is decided until a person says that it goes on from what the store knows.
problem-audit = The audit log is not the one that { $dc } witnessed
problem-audit-detail = Its agent keeps a signed checkpoint of { $witnessed } entries, which the one of { $offered } entries does not continue (found { $at }). Entries before it were changed or removed. The agent keeps both as evidence in its data directory.
problem-paused = { $service }: the rollout of { $version } is paused
problem-paused-detail = { $why } { $next }
problem-stuck = { $service } does not get back to { $version }
problem-stuck-detail = Half of the nodes of { $to } and more do not come up, so users stay on { $from }. See what keeps them from starting, or undo the rollback.
problem-rolling-back = { $service }: { $version } is being rolled back automatically
problem-rolling-back-detail = Requests are on their way back to the stable version. { $why }
problem-rolled-back = { $service }: { $version } was rolled back automatically
problem-rolled-back-detail = Undo is possible until { $until }. { $why }
problem-edge-refuses = { $edge } refuses its configuration
problem-edge-refuses-detail = It serves with what it accepted last. Its own words: { $message }
problem-edge-gone = { $edge } is not connected
problem-edge-gone-detail = Not connected since { $since }. { $left } If it still runs, it serves with the shares it was told last, and a rollback does not reach it.
problem-edge-unseen = { $edge } has never connected
problem-edge-unseen-detail = The fleet declares it and nothing has connected under its name. { $left }
problem-edge-left = { $n ->
    [0] No edge of { $region } is connected.
    [one] One other edge of { $region } is connected.
   *[other] { $count } other edges of { $region } are connected.
}

## Shell
product = Mainstay
skip = Skip to content
nav-label = Main
nav-overview = Overview
nav-topology = Topology
nav-attention = Needs attention
nav-audit = Audit log
nav-runbooks = Runbooks
nav-settings = Settings
nav-count = { $n ->
    [one] { $count } problem
   *[other] { $count } problems
}
nav-build = Build { $version }
nav-keys = Press { $key } for keys
find-hint = Find a service, place or page
find-label = Find
account = { $initials }, signed in as { $name }
sign-in = Sign in
loaded = Loaded { $at }
reload = Reload
live = Live
live-reconnecting = Reconnecting
live-old = Old data
live-signed-out = Signed out
live-old-title = No live updates.
live-old-detail = You see the state of { $at } UTC. Trying again. Actions still work: each one is checked against the current state first.
live-try = Try now
live-back = Live again.
live-newer = { $count } newer.
live-show = Show them
live-problems = Problems that are new: { $count }. Failing: { $failing }.
live-failing = { $failing } failing
live-outdated = A newer console is ready.
store-away = The state store does not answer.
store-away-detail = You see the state of { $at }, { $age } old. Actions wait until it is back.
policy-days = A day of the backup policies passes in { $day } here.
policy-days-detail = Times of backups are the policies'; the audit log and names of copies keep real time.
policy-ahead = The backup policies are { $ahead } ahead of the calendar here.
clock-local = { $time } { $city }
times-local = Show the times of lists in { $city }
times-utc = Show the times of lists in UTC
printed-by = Printed by { $name } at { $at } UTC
printed = Printed at { $at } UTC
title = { $page } · { $product }
error-title = Error: { $title }

## Palette and keys
palette-title = Find
palette-label = Go to a service, place or page
palette-empty = Nothing by that name. Enter searches everything.
palette-go = Go to
palette-objects = Objects
palette-actions = On this page
palette-recent = Seen before
palette-elsewhere = Elsewhere
find-roll-back = Roll back { $name }…
find-start-rollout = Start a rollout of { $name }…
find-run-bench = Bench a version of { $name }…
find-fail-over = Fail over { $name }…
find-back-up = Back up { $name } now…
keys-title = Keys
keys-close = Close
keys-find = find: jump, search
keys-go = go to
keys-rows = next row, previous row, open
keys-matrix = move in the matrix
keys-nav = collapse the navigation
keys-link = copy the link to this page
keys-newer = show newer rows
keys-filter = go to the filter
keys-times = show the times of lists in UTC or in your zone
keys-help = this sheet
copied = Link copied.

## Blocks
no-permission = You can look, not act.
error-reference = Reference { $reference }.
pager-next = Next { $count }
pager-first = First page
dropped-filter = { $name } "{ $value }" is not known here, so it was left out.
form-errors = { $n ->
    [one] There is a mistake
   *[other] There are { $count } mistakes
}
chart-no-data = no data
chart-table = Table
chart-time = Time, UTC
crumbs-label = Where this page is
pager-label = Pages
diff-same = Nothing differs.
diff-label = Before and after
diff-before = Before
diff-after = After
nav-label-bottom = Main, small screens

## Lists
open-subject = Open { $name }
take-it = Take it
release-it = Give it back
nobody = nobody yet
ended = ended
since-word = since
fleet = Fleet
fleet-dc = DC
fleet-instances = Instances, worst first
fleet-healthy = Healthy
instances = Instances
no-instances = no instances
not-placed = not placed
percent = { $n }%
in-place = { $service } in { $dc }
col-instance = Instance
col-instances = Instances
col-service = Service
col-group = Group
col-dc = Data centre
col-region = Region
col-state = State
col-version = Version
col-since = Since
col-restarts = Restarts
col-cpu = CPU
col-memory = Memory
col-nodes = Nodes asked for
col-load = Load
col-healthy = Healthy
col-vendor = Vendor
col-contact = Contact
col-owner = Owner

## Overview
overview-note = { $regions } regions, { $datacenters } data centres, { $services } services, { $instances } instances
overview-question = How does the estate stand?
overview-calm = { $instances } instances serve as declared.
overview-bare = No fleet is declared yet.
overview-bare-detail = Mainstay shows what runs where once a fleet file says what should.
overview-bare-action = Apply a fleet file
reporting-all = { $n ->
    [one] The one data centre reports.
   *[other] All { $total } data centres report.
}
reporting-some = { $n } of { $total } data centres report.
need-none = Nothing needs attention.
need-some = { $n ->
    [one] 1 problem needs attention.
   *[other] { $count } problems need attention.
}
attention-order = Worst first, then oldest
attention-all = All problems
attention-last = The last problem ended { $at }.
attention-never = No problem has been recorded yet.

## Placement
placement = Placement
rule-local = { $n ->
    [one] The local service runs only where the business has what it needs: { $lacks }.
   *[other] The { $count } local services run only where the business has what they need: { $lacks }.
}
rule-local-lacks = no { $need } in { $regions }
rule-local-everywhere = { $n ->
    [one] The local service runs in every region that needs it.
   *[other] The { $count } local services run in every region that needs them.
}
rule-local-astray = Local services run where they are not placed: { $cells }.
rule-distributed = { $n ->
    [one] The distributed service serves from at least two data centres.
   *[other] All { $count } distributed services serve from at least two data centres.
}
rule-distributed-narrow = One data centre or none serves { $names }.
rule-distributed-unknown = Not known whether two data centres serve { $names }: some are not heard.
rule-nodes = All { $total } places have the nodes they ask for.
rule-nodes-short = { $n ->
    [0] { $full } of { $total } places have the nodes they ask for. Short: { $first }.
   *[other] { $full } of { $total } places have the nodes they ask for. Short: { $first } and { $more } more.
}
rule-nodes-rest = { $n ->
    [one] One more is not known.
   *[other] { $unknown } more are not known.
}
rule-nodes-unknown = { $full } of { $total } places have the nodes they ask for. { $unknown } are not known.
absent-need = not placed here: this region has no { $need }
absent-named = not placed here: the fleet names { $regions } only
absent-distributed = not placed here: it runs in { $datacenters }
filter-clear = Clear the filter
filter-status = Filter by state
attention-open = Open
attention-open-context = New problems appear here by themselves.
attention-filtered = No open problem is { $status }.
attention-ended = Ended lately
ended-word = Ended
problem-began = Began
problem-lasted = Lasted
problem-ended = Ended
problem-about = About
problem-meaning = What it means
problem-history = History
problem-history-link = What was done about it
facts = Facts
unknown-word = unknown
not-in-fleet = Not in the fleet
region-note = { $local } ({ $zone }). Here: { $has }.
region-has-none = no warehouses, no couriers
region-tree = What runs here
region-place = Data centre, group, service
region-datacenters = Data centres
region-vendors = Infrastructure
region-absent = Not placed here
dc-services = Services
dc-agent = Agent
dc-healthy = Healthy instances, last hour
dc-silent-detail = Last heard { $at }. What runs there is shown as it was then, and counted as unknown.
dc-never-detail = What runs there is unknown until its agent joins.
instances-order = Worst first
chart-empty = Nobody has measured this yet.
chart-sentence = { $value } at { $at }, between { $low } and { $high } before.
open = Open
yes = yes
front = front
col-datacenters = Data centres
group-note = Recovers as number { $priority } of { $groups }.
group-services = Services
group-order = Order of recovery
placement-everywhere = Runs in all { $count } data centres.
placement-distributed = Runs in { $names }.
placement-local = Runs where the business has { $need }.
placement-local-named = Runs where the business has { $need }: { $names }.
service-undeclared = The fleet does not declare this service, and it runs.
service-places = Where it runs
service-recovery = Recovers as number
service-version = Version asked for
service-nodes = Nodes in each data centre
service-front = Users reach it directly
service-running = Running
version-count = { $version } ({ $count })
cell-absent = The service is not here, and that is right.
cell-empty = Nothing of it runs here.
cell-empty-detail = The fleet asks for { $wanted } nodes.
cell-unheard = { $dc } is not heard.
inspector-label = Selected: { $name }
instance-now = State
instance-endpoint = Answers at
instance-handle = Process
instance-heard = Last heard
replace = Replace…
replace-unheard = { $dc } is not heard, so nothing can be asked of it.
replace-draining = It is draining already.
replace-title = Replace { $id }
replace-note = Nothing has started.
replace-head = Replace
replace-do = Replace the instance
replace-keep = Keep it
replace-failed = The instance was not replaced
what-happens = What will happen
replace-drain = The instance stops taking requests and finishes those it has.
replace-stop = The instance is stopped.
replace-start = A new process of version { $version } takes its place and must pass its health check.
replace-others = { $n ->
    [one] One other instance serves there meanwhile.
   *[other] { $count } other instances serve there meanwhile.
}
replace-none-left = No other instance of { $service } serves in { $dc }: until the new one is healthy, nothing does.
reason = Reason, kept in the audit log
reason-hint = Optional.
reason-too-long = Write at most { $most } characters.
replace-changed = Nothing was done. Another process runs there by now: it was replaced after you opened the form.
replace-old-form = Nothing was done. Open the form again, it is checked against what runs now.
kind-page = Page
find-title = Find "{ $q }"
find-what = Type a part of a name.
find-what-detail = Services, data centres, regions, groups, instances and pages are searched.
find-none = Nothing is called "{ $q }".
find-none-detail = A part of the name is enough. Ended problems are found by their id, for example at-1042.
find-more = first { $count }

## Error pages
error-401 = Sign in to see this page.
error-401-detail = You come back here afterwards.
error-forgery = Nothing was done.
error-forgery-detail = The form was too old or did not come from this console. Open the page again and send it from there.
error-404 = There is no such page.
error-404-detail = { $path } names nothing that Mainstay knows. It may be misspelt.
error-400 = The request was not understood.
error-405 = Nothing was done.
error-405-detail = This address takes { $methods } only.
error-408 = Nothing was done.
error-408-detail = What was sent did not arrive within { $seconds } s. Send it again over a better line.
error-409 = Nothing was done.
error-410 = { $what } no longer exists.
error-413 = Nothing was done.
error-413-detail = What was sent is larger than { $limit }.
error-422 = Nothing was done.
error-429 = Too many tries.
error-429-detail = Wait a minute, then try again. Nothing was done.
error-500 = This page could not be made.
error-500-detail = The error is written to the server's log. What runs in the data centres is not touched by it.
error-late = The server did not answer in time.
error-late-detail = What was asked for may or may not have been done: look before you try again.
error-503 = The state store does not answer.
error-503-detail = Nothing was done. What runs in the data centres goes on. Try again in a minute.

## Sign-in
sign-in-title = Sign in
sign-in-next = You go on to { $path } afterwards.
sign-in-name = User name
sign-in-password = Password
sign-in-wrong = User name and password do not belong together. Write both again.
sign-in-wait = { $n ->
    [one] There were too many tries. Wait one second, then try again.
   *[other] There were too many tries. Wait { $count } seconds, then try again.
}
sign-in-busy = Many people sign in at this moment. Try again in a few seconds.
sign-in-away = The state store does not answer, so nobody can sign in now. What runs goes on.
sign-out = Sign out
sign-in-passkey-wrong = This passkey opens no account here, or it took longer than 5 minutes. Try again, or write name and password.
sign-in-provider = Sign in with { $name }
sign-in-provider-away = The sign-in service does not answer, so it cannot say who you are. Sign in with user name and password.
sign-in-provider-refused = The sign-in service did not confirm who you are. Begin again, or sign in with user name and password.
sign-in-stranger = No open account here is linked with your identity there. Sign in with user name and password and link it under Settings, Second factors. Without an account, ask an admin for one.
provider-going-title = Going on to { $name }
provider-going = { $name } asks who you are and sends you back here.
provider-going-open = Go on to { $name }
provider-back-title = Back from { $name }
provider-back = { $name } has answered. Go on to sign in here.
provider-back-link = { $name } has answered. Go on to link your identity there with your account here.
provider-back-do = Go on
provider-denied-title = { $name } did not confirm who you are
provider-denied = Nothing was done. Begin again when you want to.
second-title = Second step
second-code = Code
second-code-hint = Six digits from your authenticator app, or one of your recovery codes.
second-wrong = This code or passkey does not belong to the account. Write the code that the app shows now.
second-used = This code was used before, and each counts once. Wait for the next one, at most 30 seconds.
second-over = The sign-in took longer than 5 minutes, or the account was changed meanwhile. Begin again.
second-again = Begin again
passkey-use = Use a passkey
passkey-sign-in = Sign in with a passkey
passkey-needs-script = A passkey needs JavaScript, which does not run here. Everything else works without.
passkey-unsupported = This browser knows no passkeys, or too old ones.
passkey-waiting = The browser asks for the passkey.
passkey-failed = No passkey was used: the browser or the device said no. Try again, or go another way.
confirm-title = Confirm that it is you
confirm-why = What comes next can do much harm, so the console asks again who you are. A confirmation counts for { $minutes } minutes.
confirm-do = Go on as { $name }
confirm-wrong-code = Password and code do not both belong to { $name }. Write both again.
confirm-wrong = This is not the password of { $name }. Write it again.
confirm-needed = Nothing was done: this needs a confirmation of who you are, not older than { $minutes } minutes. Sign in to the console, open { $path } and repeat it.
confirm-token = Nothing was done: a person does this, signed in to the console; an API token does not count.

## Mistakes in forms: one sentence each, which says what to write
field-name = name
field-user-name = user name
field-display-name = display name
field-password = password
field-current = current password
field-ids = ids
field-minutes = minutes
field-days = days
field-time-zone = time zone
field-passkey-name = name of the passkey
field-datacenter = data centre
field-value = value
mistake-missing = Write the { $field }.
mistake-form = Write the { $field } with a to z, 0 to 9 and single hyphens only, beginning with a letter.
mistake-ids = Write ids as the fleet has them, separated by commas.
mistake-line = Write the { $field } on one line.
mistake-short = Write a { $field } of at least { $n } characters.
mistake-long = Write a { $field } of at most { $n } characters.
mistake-taken = This { $field } is taken. Write another one.
mistake-current = This is not your current password. Write the current one.
mistake-same = Write a password that differs from the user name.
mistake-role = Choose at least one role.
mistake-beyond = Choose only roles and places that you hold yourself.
mistake-zone = Write a time zone by its name, for example Europe/Berlin.
mistake-range = Write a number from { $least } to { $most }.
mistake-choice = Choose one of the offered choices.
mistake-config = Choose whether the configuration works with both versions.
mistake-code = Write the six digits that the app shows now. If it shows others each time, set the clock of its device.
mistake-over = This took longer than 5 minutes, or was ended in another tab. Begin again.
mistake-passkey = The device made no passkey. Try again.
mistake-identity = This identity is linked with another account here, or your account with another identity of the same service. End that link first.
mistake-there = Choose a { $field } that the fleet has.
conflict-title = Nothing was done.
conflict-detail = { $name } was changed after you opened this page. What stands now is shown below; repeat the change if it is still right.
last-admin-title = Nothing was done.
last-admin-detail = { $name } is the only one left who may manage access. Make another admin for everywhere first.
not-now-title = Nothing was done.

## Settings
settings-label = Settings
settings-profile = Profile
settings-security = Second factors
settings-users = Users
settings-tokens = Tokens
settings-agents = Agents
settings-fleet = Fleet
settings-store = State store
store-note = Whether the database knows everything that agents carried out
store-nodes = { $n ->
    [one] { $version }, 1 node
   *[other] { $version }, { $count } nodes
}
store-more = Nothing was done: more was found since this page was drawn. Look at it again.
store-nothing = Nothing was done: nothing is known to be missing, or somebody was first.
store-frozen = Nothing was done. The state store went back in time, and nothing is decided until somebody says under Settings, State store, that it goes on.
store-whole-head = What is known
store-whole = Nothing is known to be missing.
store-whole-detail = Each agent that connects tells the newest decisions it accepted; the database knew them all.
store-unheard = Not heard now: { $places }
store-unheard-detail = What would follow there is not in the list below.
store-rewound = { $n ->
    [one] A decision that was carried out is not in the database
   *[other] { $count } decisions that were carried out are not in the database
}
store-rewound-detail = The database is older than what happened: it was restored, or a standby took over that lacked the newest writes. Nothing is decided now: no deployment, rollout, failover or backup. What runs goes on running.
store-next-head = What would be commanded at once
store-next-note = As the store and the agents are now
store-next-none = Nothing would be deployed or removed.
store-next-none-detail = What the agents run is what the store wants of services.
store-now = Runs now
store-then = Would run
store-nowhere = Nothing
store-lost-head = Carried out and not known
store-subject = Of
store-token = Token
store-found = Found
store-go-on = Let decisions go on
store-go-on-detail = From what the database knows. What happened after the moment it was restored to is not there: rollouts, failovers, backups and approvals of that time included.
store-going-on = Decisions go on from what the store knows.
profile-card = How the console looks
profile-theme = Theme
theme-auto = As the device says
theme-light = Light
theme-dark = Dark
profile-density = Row height
density-compact = 28 pixels
density-comfortable = 36 pixels
profile-language = Language
profile-language-hint = The API, the command line and what is written down stay English.
language-auto = As the browser asks
profile-zone = Time zone
profile-zone-hint = Shown beside UTC. A name such as Europe/Berlin.
profile-keys = Single-key shortcuts
profile-nav = Navigation collapsed
profile-save = Save profile
profile-saved = Profile saved.
profile-rights = What you may do
profile-password = Password
profile-password-hint = At least { $n } characters. Your other sessions end.
profile-current = Current password
profile-new-password = New password
profile-change-password = Change password
profile-password-saved = Password changed. Your other sessions ended.
profile-session = Session
profile-session-text = It ends { $hours } hours after sign-in, or after 30 minutes without use.
users-note = { $n ->
    [one] one person
   *[other] { $count } people
}
user-name = User name
user-display-name = Display name
user-roles = Roles
user-last = Last sign-in
user-state = State
user-never = never
user-enabled = May sign in
user-disabled = Disabled
user-disabled-since = Disabled since { $at }
user-new = New user
user-create = Create user
user-created = User created.
user-name-hint = For sign-in. a to z, 0 to 9 and hyphens; it cannot be changed later.
user-password-hint = At least { $n } characters. Give it to the person; they change it under Profile.
user-save-roles = Save roles
user-waits = More roles wait for a second admin.
user-waits-open = Open the request
user-reason = Why, for whoever allows it
user-reason-hint = More rights than now wait until another admin allows them; fewer count at once.
user-roles-saved = Roles saved.
user-disable = Disable { $name }
user-disable-text = { $name } can no longer sign in, open sessions end, and their tokens count for nothing. Undo by enabling again.
user-enable = Enable { $name }
user-was-disabled = User disabled. Sessions ended.
user-was-enabled = User enabled.
user-reset = Set a new password
user-factors = Second factor
user-factors-none = None
user-factors-app = Authenticator app
user-factors-passkeys = { $n ->
    [one] 1 passkey
   *[other] { $count } passkeys
}
user-factors-reset = Take away second factors
user-factors-reset-text = For somebody who lost the device and the recovery codes. { $name } then signs in with the password alone; all sessions end now. Make sure that it is { $name } who asks.
user-factors-reset-done = Second factors taken away. The user's sessions ended.
security-note = What you prove with beside your password
security-must = Enrol a second factor first.
security-must-detail = Your role needs one on this server. An authenticator app or a passkey will do; the rest of the console opens then.
security-app = Authenticator app
security-app-none = An app on your phone shows six digits that change every 30 seconds.
security-app-add = Set up an app
security-app-scan = Let the app read the picture, or type the secret into it. Then write the code that it shows.
security-app-qr = QR code with the secret for the app
security-app-secret = Secret
security-app-code = Code
security-app-code-hint = Six digits, to be sure that the app has the secret.
security-app-finish = Add the app
security-app-added = Authenticator app added. Each sign-in asks for its code from now on.
security-app-remove = Remove the app
security-app-removed = Authenticator app removed.
security-since = Since
security-used = Last used
security-recovery = Recovery codes
security-recovery-none = With the first second factor come 10 codes for when the device is lost.
security-recovery-left = { $n ->
    [one] 1 code is left.
   *[other] { $count } codes are left.
}
security-recovery-new-detail = New codes end all before.
security-recovery-new = Make new codes
security-codes = Keep these codes where you find them without your device.
security-codes-detail = Each lets you in once, in the place of the second factor. They are shown this once.
security-codes-list = Recovery codes
passkeys-caption = Passkeys
passkeys-off = Passkeys are off: the server was not told its public address (--public-url), which browsers bind them to.
passkeys-full = There are { $n } passkeys, the most there can be. Remove one that you do not use.
passkey-new = New passkey
passkey-what = A key that stays in a device or a password manager, opened with a finger, a face or a PIN. It works for this console only, so no other site can ask for it.
passkey-name = Name
passkey-name-hint = So that you know it again, for example the device it is in.
passkey-add = Add a passkey
passkey-added = Passkey added.
passkey-remove = Remove { $name }
passkey-remove-column = Remove
passkey-removed = Passkey removed.
identities-caption = Linked identities
identity-shown = Name there
identity-issuer = Sign-in service
identity-what = With your identity at { $name } you sign in without user name and password. A second factor is asked for as before.
identity-link = Link with { $name }
identity-linked = Identity linked. It signs you in from now on.
identity-not-linked = Nothing was linked.
identity-away = The sign-in service does not answer. Try again in a minute.
identity-refused = The sign-in service did not confirm who you are. Begin again.
identity-remove = Remove the link with { $name }
identity-remove-column = Remove
identity-removed = Link removed. That identity signs you in no more.
user-identity = { $name } ({ $issuer })
user-reset-done = Password set. The user's sessions ended.
user-reset-button = Set password
grants-legend = Roles, each with where it counts
grants-hint = Empty groups or data centres mean all. Several are separated by commas.
grants-role = Role
grants-groups = Groups
grants-datacenters = Data centres
grants-groups-of = Groups of { $role }
grants-datacenters-of = Data centres of { $role }
tokens-note = For programs. Sent as Authorization: Bearer.
tokens-caption = API tokens
tokens-empty = There are no tokens.
tokens-empty-context = A program signs in with a token instead of a password.
token-name = Name
token-owner = Owner
token-expires = Expires
token-used = Last used
token-never = never
token-new = New token
token-days = Valid for days
token-days-hint = From 1 to { $most }.
token-create = Create token
token-shown = Token { $name } made. Copy it now.
token-shown-detail = It is shown this once. Whoever has it acts in your name until { $at }.
token-label = The token
token-revoke = Revoke { $name }
token-revoked = Token revoked. It counts for nothing from now on.
token-state-active = Active
token-state-expired = Expired
token-state-revoked = Revoked
agents-certificates = Certificates
agents-empty = No agent has joined yet.
agents-empty-context = Make a join token and start the agent of a data centre with it.
agents-fingerprint = Fingerprint
agents-issued = Issued
agents-expires = Expires
agents-datacenter = Data centre
agents-revoke = Revoke { $name }
agents-revoked = Certificate revoked. The agent has to join anew.
agents-joins = Join tokens
agents-joins-empty = No join token was made yet.
agents-join-by = Made by
agents-join-at = Made
agents-join-state = State
agents-join-open = Open until { $at }
agents-join-used = Used { $at }
agents-join-expired = Expired { $at }
agents-new = Let an agent join
agents-minutes = Valid for minutes
agents-minutes-hint = From 1 to { $most }. The token works once.
agents-create = Make join token
agents-shown = Join token for { $datacenter } made. Copy it now.
agents-shown-detail = It is shown this once and works once, until { $at }. Start the agent with it as MAINSTAY_JOIN_TOKEN.
agents-label = The join token

## Topology
view-label = View
view-matrix = Services by DC
view-regions = Regions
view-list = List
by-label = Colour by
by-health = Health
by-version = Version
by-load = Load
draining-word = draining
topology-first = Problems first
topology-order = Recovery order
topology-list = Services by data centre
topology-nothing = Nothing matches the filter.
topology-nothing-detail = The estate has services and data centres that it leaves out.
filter-name = Name contains
filter-all = All
filter-do = Filter
legend-version = Filled: the newest version that runs. Outlined: the one before. Triangle: older.
legend-load = Mean processor use of the instances in a cell, in percent of a core. Five steps: under 20, 40, 60, 80, and above.

## Audit log
audit-sign-in = { $how ->
    [done] Signed in
   *[tried] Tried to sign in
}
audit-sign-out = { $how ->
    [done] Signed out
   *[tried] Tried to sign out
}
audit-confirm = { $how ->
    [done] Confirmed who they are
   *[tried] Tried to confirm who they are
}
audit-first-step = first of two steps
audit-factor-add = { $how ->
    [done] Added a second factor
   *[tried] Tried to add a second factor
}
audit-factor-remove = { $how ->
    [done] Removed a second factor
   *[tried] Tried to remove a second factor
}
audit-factor-reset = { $how ->
    [done] Took away second factors
   *[tried] Tried to take away second factors
}
audit-recovery-codes = { $how ->
    [done] Made new recovery codes
   *[tried] Tried to make new recovery codes
}
audit-identity-link = { $how ->
    [done] Linked an identity
   *[tried] Tried to link an identity
}
audit-identity-unlink = { $how ->
    [done] Removed the link with an identity
   *[tried] Tried to remove the link with an identity
}
factor-app-with = authenticator app
factor-recovery-with = recovery code
factor-passkey-with = passkey
factor-identity-with = linked identity
audit-user-create = { $how ->
    [done] Created a user
   *[tried] Tried to create a user
}
audit-user-change = { $how ->
    [done] Changed a user
   *[tried] Tried to change a user
}
audit-user-disable = { $how ->
    [done] Disabled a user
   *[tried] Tried to disable a user
}
audit-password-change = { $how ->
    [done] Changed the password
   *[tried] Tried to change the password
}
audit-profile-change = { $how ->
    [done] Changed the profile
   *[tried] Tried to change the profile
}
audit-token-create = { $how ->
    [done] Made an API token
   *[tried] Tried to make an API token
}
audit-token-revoke = { $how ->
    [done] Revoked an API token
   *[tried] Tried to revoke an API token
}
audit-join-token-create = { $how ->
    [done] Made a join token
   *[tried] Tried to make a join token
}
audit-agent-join = { $how ->
    [done] Gave an agent a certificate
   *[tried] Turned an agent away
}
audit-agent-revoke = { $how ->
    [done] Revoked the certificate of an agent
   *[tried] Tried to revoke the certificate of an agent
}
audit-fleet-apply = { $how ->
    [done] Applied a fleet file
   *[tried] Tried to apply a fleet file
}
audit-store-rewound = Found that the state store went back in time
audit-store-go-on = { $how ->
    [done] Let decisions go on after the state store went back in time
   *[tried] Tried to let decisions go on after the state store went back in time
}
audit-datacenter-forget = { $how ->
    [done] Forgot a data centre
   *[tried] Tried to forget a data centre
}
audit-deploy = { $how ->
    [done] Commanded a deployment
   *[tried] Tried to command a deployment
}
audit-remove = { $how ->
    [done] Commanded a removal
   *[tried] Tried to command a removal
}
audit-instance-replace = { $how ->
    [done] Commanded a replacement
   *[tried] Tried to command a replacement
}
audit-command-result = { $how ->
    [done] Carried out a command
   *[tried] Did not carry out a command
}
audit-problem-open = { $how ->
    [done] Found a problem
   *[tried] Tried to write down a problem
}
audit-problem-close = { $how ->
    [done] Saw a problem end
   *[tried] Tried to end a problem
}
audit-problem-take = { $how ->
    [done] Took a problem
   *[tried] Tried to take a problem
}
audit-problem-release = { $how ->
    [done] Gave a problem back
   *[tried] Tried to give a problem back
}
audit-rollout-start = { $how ->
    [done] Started a rollout
   *[tried] Tried to start a rollout
}
audit-rollout-pause = { $how ->
    [done] Paused a rollout
   *[tried] Tried to pause a rollout
}
audit-rollout-resume = { $how ->
    [done] Resumed a rollout
   *[tried] Tried to resume a rollout
}
audit-rollout-promote = { $how ->
    [done] Promoted a version
   *[tried] Tried to promote a version
}
audit-rollout-abort = { $how ->
    [done] Aborted a rollout
   *[tried] Tried to abort a rollout
}
audit-rollout-roll-back = { $how ->
    [done] Rolled a version back
   *[tried] Tried to roll a version back
}
audit-rollout-undo = { $how ->
    [done] Took a rollback back
   *[tried] Tried to take a rollback back
}
audit-rollout-retry = { $how ->
    [done] Tried a step of a rollout again
   *[tried] Tried to repeat a step of a rollout
}
audit-rollout-end = { $how ->
    [done] Ended a rollout
   *[tried] Tried to end a rollout
}
audit-rollout-reason = { $how ->
    [done] Told why a version was taken back
   *[tried] Tried to tell why a version was taken back
}
audit-rollout-step = { $how ->
    [done] Took a rollout a step on
   *[tried] Tried to take a rollout a step on
}
audit-quarantine-lift = { $how ->
    [done] Lifted a quarantine
   *[tried] Tried to lift a quarantine
}
audit-bench-run = { $how ->
    [done] Ordered a staging bench
   *[tried] Tried to order a staging bench
}
audit-backup-ask = { $how ->
    [done] Asked for a backup
   *[tried] Tried to ask for a backup
}
audit-backup-step = { $how ->
    [done] Took a backup run to its next state
   *[tried] Tried to take a backup run to its next state
}
audit-backup-days = { $how ->
    [done] Changed how fast the days of the backup policies pass
   *[tried] Tried to change how fast the days of the backup policies pass
}
audit-restore-ask = { $how ->
    [done] Asked to restore over a live database
   *[tried] Tried to ask to restore over a live database
}
audit-restore-allow = { $how ->
    [done] Allowed a restore over a live database
   *[tried] Tried to allow a restore over a live database
}
audit-restore-refuse = { $how ->
    [done] Refused a restore over a live database
   *[tried] Tried to refuse a restore over a live database
}
audit-restore-step = { $how ->
    [done] Took a restore to its next state
   *[tried] Tried to take a restore to its next state
}
audit-restore-keep-longer = { $how ->
    [done] Let a restored copy stay longer
   *[tried] Tried to let a restored copy stay longer
}
audit-restore-let-go = { $how ->
    [done] Let go what a restore had left behind
   *[tried] Tried to let go what a restore had left behind
}
audit-failover-start = { $how ->
    [done] Started a failover
   *[tried] Tried to start a failover
}
audit-failover-allow = { $how ->
    [done] Allowed a failover
   *[tried] Tried to allow a failover
}
audit-failover-refuse = { $how ->
    [done] Refused a failover
   *[tried] Tried to refuse a failover
}
audit-failover-pause = { $how ->
    [done] Paused a failover
   *[tried] Tried to pause a failover
}
audit-failover-resume = { $how ->
    [done] Resumed a failover
   *[tried] Tried to resume a failover
}
audit-failover-retry = { $how ->
    [done] Tried a step of a failover again
   *[tried] Tried to try a step of a failover again
}
audit-failover-skip = { $how ->
    [done] Skipped a step of a failover
   *[tried] Tried to skip a step of a failover
}
audit-failover-stop = { $how ->
    [done] Stopped a failover
   *[tried] Tried to stop a failover
}
audit-failover-override = { $how ->
    [done] Overrode a safety rule of a failover that runs
   *[tried] Tried to override a safety rule of a failover that runs
}
audit-failover-force = { $how ->
    [done] Forced a failover: data is not waited for
   *[tried] Tried to force a failover
}
audit-failover-gate = { $how ->
    [done] Changed a gate of failovers
   *[tried] Tried to change a gate of failovers
}
audit-failover-drill-plan = { $how ->
    [done] Planned a drill
   *[tried] Tried to plan a drill
}
audit-failover-drill-cancel = { $how ->
    [done] Cancelled a planned drill
   *[tried] Tried to cancel a planned drill
}
audit-failover-drill-miss = { $how ->
    [done] Missed a planned drill
   *[tried] Tried to settle a planned drill
}
audit-approval-ask = { $how ->
    [done] Asked for a second person
   *[tried] Tried to ask for a second person
}
audit-approval-give = { $how ->
    [done] Approved
   *[tried] Tried to approve
}
audit-approval-refuse = { $how ->
    [done] Refused to approve
   *[tried] Tried to refuse an approval
}
audit-approval-withdraw = { $how ->
    [done] Took back a request for approval
   *[tried] Tried to take back a request for approval
}
audit-approval-lapse = { $how ->
    [done] Ended a request for approval
   *[tried] Tried to end a request for approval
}
audit-failover-step = { $how ->
    [done] Took a failover a step on
   *[tried] Tried to take a failover a step on
}
audit-runbook-apply = { $how ->
    [done] Changed the runbooks of the fleet
   *[tried] Tried to change the runbooks of the fleet
}
audit-runbook-start = { $how ->
    [done] Began a runbook
   *[tried] Tried to begin a runbook
}
audit-runbook-step = { $how ->
    [done] Wrote to a step of a runbook
   *[tried] Tried to write to a step of a runbook
}
audit-runbook-end = { $how ->
    [done] Ended the run of a runbook
   *[tried] Tried to end the run of a runbook
}
audit-alias-create = { $how ->
    [done] Made a short link
   *[tried] Tried to make a short link
}
audit-alias-change = { $how ->
    [done] Changed or reviewed a short link
   *[tried] Tried to change a short link
}
audit-alias-remove = { $how ->
    [done] Removed a short link
   *[tried] Tried to remove a short link
}
audit-event-plan = { $how ->
    [done] Planned an event
   *[tried] Tried to plan an event
}
audit-event-change = { $how ->
    [done] Changed an event
   *[tried] Tried to change an event
}
audit-event-start = { $how ->
    [done] Started an event
   *[tried] Tried to start an event
}
audit-event-end = { $how ->
    [done] Ended an event
   *[tried] Tried to end an event
}
audit-event-cancel = { $how ->
    [done] Cancelled an event
   *[tried] Tried to cancel an event
}
audit-event-waive = { $how ->
    [done] Asked to let an event go without a check
   *[tried] Tried to ask to let an event go without a check
}
audit-event-tick = { $how ->
    [done] Ticked a check of an event
   *[tried] Tried to tick a check of an event
}
audit-database-work = { $how ->
    [done] Ordered work on a database
   *[tried] Tried to order work on a database
}
audit-database-result = { $how ->
    [done] Took in what came of work on a database
   *[tried] Took in that work on a database failed
}
audit-bench-result = { $how ->
    [done] Took in a bench result
   *[tried] Tried to take in a bench result
}
audit-node-test = { $how ->
    [done] Ordered the test of a node
   *[tried] Tried to order the test of a node
}
audit-audit-export = { $how ->
    [done] Exported the audit log
   *[tried] Tried to export the audit log
}
audit-evidence-pack = { $how ->
    [done] Made a pack of evidence
   *[tried] Tried to make a pack of evidence
}
audit-period = { $from } to { $until }
audit-words = Words
audit-cut = The search took too long and was ended. There may be older entries that match: narrow it by time, person or object.
audit-matches = { $n ->
    [one] { $count } entry matches.
   *[other] { $count } entries match.
}
audit-matches-least = At least { $count } entries match.
audit-chain-checked = Chain checked { $at }, { $count } entries, unbroken.
audit-chain-unread = The chain has not been checked yet; the first reading is on its way.
audit-chain-broken = The chain is broken
audit-chain-found = { $what } Found { $at }.
problem-audit-broken = The audit log is not what was signed
problem-audit-broken-at = The audit log is not what was signed: entry { $entry }
problem-audit-broken-detail = { $what } { $n ->
    [0] Found { $at }.
   *[other] There is more ({ $more }). Found { $at }.
} Nobody can do that through the console.
trail-title = What belongs to it
trail-stage = Part
trail-request = Request
trail-approve = Approval
trail-action = Action
trail-effect = Effect
trail-evidence = Evidence
trail-alone = No other entry belongs to it.
trail-alone-detail = Entries belong together if they are of one request, or of one failover, rollout, restore, backup, event, approval or problem.
trail-cut = There are more entries than these; search for the id to see them all.
trail-shows = What shows how it went
trail-answered = { $what }: { $said }, { $by }
trail-approval = { $what }: { $said }
trail-group = { $group }: { $took } ({ $asked })
trail-asked = at most { $n } min were asked for
trail-not-asked = the group is not in the fleet any more
trail-not-over = not recovered within this run
trail-proven = A test restore of the same copy had passed before
trail-unproven = Without the test restore that it needs
trail-restore-waits = Waits for a second person
trail-restore-refused = Refused { $at }
trail-restore-runs = Runs since { $at }
trail-restore-done = Done { $at }
trail-restore-failed = Failed { $at }
evidence-link = Evidence
evidence-title = Packs of evidence
evidence-note = What auditors take with them of a period: one archive, with its checksum in the audit log.
evidence-period = Period
evidence-month = Month
evidence-choose = Show
evidence-holds = What a pack would hold
evidence-part = Part
evidence-count = Rows
evidence-failovers = Failovers and drills, with RTO and RPO
evidence-databases = Databases with their copies
evidence-proofs = Restore proofs
evidence-restores = Restores
evidence-approvals = Approvals and emergency reviews
evidence-waivers = Waivers of checks
evidence-fleet = Changes of the fleet
evidence-policies = Changes of other rules
evidence-access = Changes of access
evidence-findings = Problems open at the end
evidence-availability = Services and regions with their availability
evidence-entries = Entries of the audit log
evidence-make = Make the pack
evidence-missing = What is missing
evidence-complete = Nothing is missing.
evidence-complete-detail = All that belongs into the pack was measured and is there.
evidence-packs = Packs that were made
evidence-none = No pack has been made yet.
evidence-none-detail = Each pack that is made is listed here with its checksum.
evidence-made = Made
evidence-sum = SHA-256 of the archive
evidence-size = Size
evidence-check = How to check a pack
evidence-how = Whoever has the archive checks it without a server: each file against its checksum, and the part of the audit log against the signed checkpoints. Compare the checksum of the archive that it prints with the one above.
evidence-order = The end is not after the beginning. This is the last month instead.
evidence-long = A pack is of 400 days at most. This is the last month instead.
evidence-future = This period has not begun yet. This is the last month instead.
audit-sentence = { $action } ({ $detail })
audit-changes = { $n ->
    [one] 1 change
   *[other] { $count } changes
}
audit-lacks-sign-in = nobody was signed in
audit-lacks-role = needs the role { $roles }
audit-lacks-scope = { $role } for { $scope } only
audit-who-token = { $owner }, by the token { $token }
audit-who-agent = the agent of { $dc }
audit-who-system = Mainstay ({ $part })
audit-who-anonymous = not signed in, { $address }
audit-done = Done
audit-refused = Refused
audit-failed = Failed
audit-checkpoint = Last signed checkpoint: { $count } entries, { $at }.
audit-no-checkpoint = No checkpoint has been signed yet.
audit-verify = Verify
audit-export-csv = Export as CSV
audit-export-jsonl = Export as JSON lines
audit-entries = Entries
audit-order = Newest first
audit-time = Time, UTC
audit-time-local = Time
audit-who = Who
audit-what = What
audit-object = Object
audit-result = Result
audit-entry = Entry
audit-from = From, UTC
audit-to = To, UTC
audit-placing = being placed
audit-reason = Reason: { $reason }
audit-empty = Nothing has been recorded yet.
audit-empty-detail = Every change, and every try that was refused, is written here as it happens.
audit-nothing = No entry matches the filter.
audit-nothing-detail = Times are UTC: 2026-11-20 03:12, 03:12 or -6h. Objects are addresses: /services/feed-api.
audit-entry-title = Entry { $seq }
audit-changed = What changed
audit-no-values = The entry has no values from before or after.
audit-proof = Proof
audit-earlier = Earlier entry
audit-later = Later entry
audit-none = none
audit-when = When
audit-action = Action
audit-why = Reason
audit-request = Request
audit-leaf = Leaf hash
audit-proven = In the signed log
audit-proven-detail = { $n ->
    [one] 1 hash leads from this text to the checkpoint of { $count } entries, signed { $at }.
   *[other] { $hashes } hashes lead from this text to the checkpoint of { $count } entries, signed { $at }.
}
audit-waiting = Not signed yet
audit-waiting-detail = No checkpoint contains it so far. The next one follows within a second.
audit-broken = Not what was signed
audit-broken-leaf = The text does not belong to its leaf hash. Verify the whole log.
audit-broken-note = The signature of the newest checkpoint does not hold. Verify the whole log.
audit-broken-proof = The entry does not lead to the signed root. Verify the whole log.
audit-verify-how = Verify it yourself
audit-verify-title = Verify the audit log
audit-verify-what = Each entry is a leaf of a Merkle tree (RFC 6962), and the tree is signed whenever it grows. Whoever has an export, the key and an older checkpoint can find any entry that was edited, deleted, moved, inserted or cut off. The server is not needed for it.
audit-verify-codes = It ends with 0 when the log is intact, with 1 when it was changed, and then names every entry, and with 2 when it could not be read.
audit-steps = How to verify
audit-step-export = Export the whole log where the database can be reached (DATABASE_URL).
audit-step-key = Verify the export, with the key from where you trust it: audit.pub of the data directory, or your own copy.
audit-step-witness = Verify it against a checkpoint that was kept elsewhere. This finds a log that was cut back or written anew as a whole.
audit-newest = Newest checkpoint
audit-newest-keep = Keep a copy outside of this system from time to time. Every agent keeps one by itself.
audit-signed = Signed
audit-covers = Entries
audit-key = Verifier key
audit-key-trust = This is the key that the log itself names. Compare it with a copy you trust before you rely on it.

## Settings: fleet
fleet-title = Fleet
fleet-note = Revision { $revision }, applied { $at } by { $who }.
fleet-none = No fleet is in force.
fleet-none-detail = Write a fleet file below, check it and apply it.
fleet-in-force = In force
fleet-revision = Revision
fleet-applied = Applied
fleet-by = By
fleet-reason = Reason
fleet-regions = Regions
fleet-datacenters = Data centres
fleet-groups = Groups
fleet-services = Services
fleet-instances-asked = Instances asked for
fleet-databases = Databases
fleet-policies = Backup policies
fleet-edges = Edges
fleet-file = Fleet file
fleet-file-label = The fleet file in force
fleet-change = Change the fleet
fleet-source = Fleet file (TOML)
fleet-source-hint = At most { $most }. What runs is moved to what it says, one step at a time.
fleet-why = Reason, kept in the audit log
fleet-why-hint = From { $least } to { $most } characters. Needed to apply.
fleet-check = Check the file
fleet-apply = Apply the fleet
fleet-not-applied = The fleet was not applied
fleet-findings = Mistakes in the file
fleet-findings-count = { $n ->
    [one] The file has a mistake, listed with its line. Correct it.
   *[other] The file has { $count } mistakes, listed with their lines. Correct them.
}
fleet-line = Line
fleet-mistake = Mistake
fleet-instead = What to write
fleet-too-large = The file has { $bytes } bytes, and at most { $most } are taken.
fleet-difference = What would change
fleet-difference-note = Compared with revision { $revision }
fleet-difference-first = Compared with nothing: no fleet is in force
fleet-same = Nothing would change.
fleet-same-detail = The file says what is in force already.
fleet-more = { $count } more changes are not listed.
fleet-kind = Kind
fleet-id = Name
fleet-how = Change
fleet-fields = Values
fleet-added = Added
fleet-removed = Removed
fleet-changed = Changed
fleet-itself = fleet
fleet-unset = not set
fleet-blocked = These removals must wait
fleet-blocked-note = Something still runs there
fleet-conflict = Nothing was done.
fleet-conflict-detail = Revision { $revision } is in force by now. The difference below is against it. Apply again if it is still what you want.
fleet-unseen = Nothing was done.
fleet-unseen-detail = The file is not the one that was checked. The difference below is what it would change. Apply again if it is what you want.
fleet-mistake-source = Write a fleet file.
fleet-mistake-reason = Write the reason, { $least } to { $most } characters.
fleet-mistake-blocked = Keep in the file what still runs, as listed.
fleet-good = The file is good.
fleet-good-detail = Nothing was applied yet.
fleet-done = Revision { $revision } of the fleet is in force.
fleet-done-detail = What runs follows it from now on.
instance-gone = No longer reported

## Forgetting a data centre
forget = Forget…
forget-title = Forget { $dc }
forget-head = Forget it
forget-note = Nothing has started.
forget-last = It was last heard { $at }, and reported { $n ->
    [0] no instances
    [one] one instance
   *[other] { $count } instances
} then.
forget-state = What it reported is removed on every server. The audit log and its history stay.
forget-fleet = The next fleet file may leave it out.
forget-back = If its agent reports after all, it and what runs there are shown again.
forget-name = Name of the data centre
forget-name-hint = Write { $dc }.
forget-do = Forget the data centre
forget-keep = Keep it
forget-failed = Nothing was forgotten
forget-mistake-name = Write the name of the data centre: { $dc }.
forget-mistake-reason = Write the reason, { $least } to { $most } characters.
forget-kept-nothing = Nothing is known of it. A fleet file may leave it out.
forget-kept-service = The fleet counts on it. Write “retired = true” in its entry and apply that first.
forget-kept-reporting = Its agent reports.
forget-kept-lately = It was heard lately and may come back by itself. It can be forgotten from { $at }.
forget-changed = Nothing was done. It was heard meanwhile, or somebody was first.

## Components
dev-title = Components
dev-buttons = Buttons
dev-empty = Empty
dev-error = Error
dev-refused = No permission
dev-verdict = Verdict
dev-choices = Choices
dev-table = Table
dev-form = Form
dev-mistake = Write the reason, at least 10 characters

## Rollouts: shares, states, reasons
weight = { $n }%
odds = { $version } fails 1 request in { $n }
odds-none = { $version } failed none of { $n } requests
odds-all = { $version } fails every request
odds-unknown = { $version } has had no requests
rollout-preparing = Starting { $version }
rollout-testing = Testing { $instance }
rollout-joining = New node takes requests
rollout-shifting = Shifting to { $share }
rollout-watching = Watched at { $share }
rollout-watching-node = Watching the new node
rollout-paused = Paused
rollout-paused-at = Paused at { $share }
rollout-paused-planned = Waits for a person at { $share }
rollout-paused-analysis = Paused by analysis at { $share }
rollout-promoted = Promoted
rollout-rolling-back = Rolling back to { $version }
rollout-rolled-back = Rolled back
pause-asked = { $by } paused it.
pause-planned = The step has passed, and the plan has a person say that it goes on.
pause-undecided = The watch time is over twice, and the analysis has neither passed nor failed.
pause-no-data = Too few requests to tell: needs { $needed }, has { $requests }.
pause-not-measured = { $what } could not be measured.
pause-not-ready = { $serving } of { $wanted } new instances serve in { $dc }; the others did not come up in time.
pause-not-acknowledged = { $edge } has not acknowledged the new shares in time.
reasons = Reasons
reasons-until = Until { $until }.
reason-add = Add a reason
log-reason = { $by }: { $reason }
pause-edge-away = { $edge } is not connected, and goes on sending requests to nodes that the next step would take away.
pause-agent-lost = The agent of { $dc } is not heard, so what runs there is unknown.
pause-next-asked = Resume to go on, or roll back.
pause-next-planned = Promote or resume to go on to the next step, or roll back.
pause-next-undecided = Resume to watch again, promote past it with a reason, or roll back.
pause-next-not-measured = See to the source of the value, then resume. Nothing is promoted unmeasured.
pause-next-not-ready = See why they do not start, then resume, or roll back.
pause-next-not-acknowledged = See to the edge, then resume. Requests keep their last shares until then.
pause-next-edge-away = Bring it back, then resume. If it is gone for good, take it out of the fleet file.
pause-next-agent-lost = Resume when it is heard again, or roll back: the edges need no agent for that.
stop-asked = { $by } rolled it back.
stop-analysis = The analysis of { $metric } failed: { $words }.
stop-limit = A limit was broken ({ $rule }): { $words }.
stop-dead = { $instance } in { $dc } died or does not serve.
stop-node-test = { $instance } did not pass its test: { $words }.
stop-refused = { $edge } refused its configuration: { $message }
condition-errors = errors below { $limit }
condition-p95 = p95 below { $limit }
condition-below = { $query } below { $limit }
condition-above = { $query } above { $limit }
log-started = { $by } started the rollout.
log-started-change = { $by } started the rollout. Change { $change }.
log-wave = Wave { $wave } begins.
log-testing = { $instance } is tested before it takes requests.
log-shifting = Requests on { $version } raised to { $share }.
log-watching = The connected edges acknowledged. Step { $step } is watched.
log-promoted = { $version } is stable. The old version is kept warm.
log-back-starting = { $version } starts again, for it was gone.
log-back = All requests go back to { $version }. { $why }
log-rolled-back = The edges' logs show no more requests on the new version. All requests are on { $version }.
log-ended = { $version } is stopped. The rollout is over.
metric-errors = Error rate
metric-latency = Latency p{ $n }
verdict-pass = Passed
verdict-fail = Failed
verdict-undecided = Not decided
verdict-no-data = Too few requests
verdict-not-measured = Not measured
log-again = It begins again.
log-by = { $words } ({ $by })

## Rollout page
nav-rollouts = Rollouts
nav-quarantine = Quarantine
nav-edges = Edges
rollout-name = { $service } { $from } → { $to }
rollout-started = Started { $at } by { $by }.
rollout-started-change = Started { $at } by { $by }, change { $change }.
rollout-hotfix = A hotfix: watched for shorter, no gate less.
rollout-wave = Wave { $wave } of { $waves }, { $regions }.
rollout-odds = { $new }; { $old }.
rollout-numbers = All numbers
rollout-steps = Steps
rollout-all-on = All requests are on { $version }.
rollout-warm = { $version } stays warm until { $at }, so that going back is instant.
rollout-took = Promoted to { $version } in { $time }.
rollout-back-in = Rolled back in { $time }. All requests are on { $version }.
rollout-back = Rolled back. All requests are on { $version }.
rollout-acknowledged = { $done } of { $all } connected edges acknowledged.
rollout-last-request = The last request on { $version } was seen { $at }.
rollout-impact = On { $version }, { $errors } of { $requests } requests failed.
rollout-quarantined = { $version } is in quarantine until a person lifts it.
watching-pass = So far within what is tolerated.
watching-fail = The new version is worse. It is being taken back.
watching-undecided = Not enough requests yet to be certain.
watching-no-data = Too few requests so far to tell.
watching-not-measured = The comparison cannot be made now. Nothing is promoted unmeasured.
slot-undo-over = The time for undo is over. Start a new rollout.
slot-newer = Another rollout came after this one.
slot-rolled-back = All requests are on { $version } already.
slot-undo-for = Undo for { $time }.
slot-at-once = Requests go back at once.
slot-roll-back-review = Roll back to { $version }…
slot-review = Opens the review: it says what is lost or how long it takes.
slot-going = Requests go back. The edges' logs say when it is done.
slot-undo-word = Undo
slot-undo = Undo: go back to { $share }
slot-undo-until = Possible until
more-actions = More actions
opens = { $label }…
verb-roll-back = Roll back to { $version }
verb-pause = Pause
verb-resume = Resume
verb-promote = Promote this step
verb-promote-fully = Promote { $version } fully
verb-abort = Abort
verb-undo = Undo the rollback
verb-retry = Retry
verb-end = End now
verb-pause-small = Shares stay as they are.
verb-resume-on = Goes on to the next step.
verb-resume-small = The step is watched anew.
confirm-label = Type the name of the service: { $name }
confirm-name = Type { $name }, the name of the service.
reason-hint-needed = At least 10 characters.
reason-too-short = Write the reason, at least { $least } characters.
keep-as-is = Keep it as it is
review-note = { $name }. Nothing has been done.
will-traffic-back = All edges send every request to { $version } at once.
will-done-when = It is done when the edges' own logs show no more requests on { $version }.
will-warm = { $version } stays warm for 15 minutes, so that undo is instant. Then its instances stop.
will-quarantine = { $version } goes into quarantine everywhere until a person lifts it.
will-pause = Shares stay as they are until a person says what next. The comparison goes on.
will-resume = The step begins again: edges acknowledge its shares, then it is watched from the start.
will-promote = The rest of this step's watch is skipped, and the next step begins.
will-promote-fully = All requests of all regions go to { $version }, without another watch.
will-keep-warm = { $version } stays warm for 15 minutes.
will-undo = The step where it was stopped begins again; its instances are checked first.
will-lift = { $version } leaves quarantine.
will-retry = The step begins again from its start.
will-end = The version that was left is stopped now. Going back takes as long as it needs to start.
will-ask-second = It loses data, so a second person is asked to allow it first
will-past-analysis = The analysis has not passed. Whether users are worse off is not known.
will-agent-lost = The agent of { $dc } is not heard, so what runs there is unknown.

## Steps
step-name = Step { $n }
step-watch = { $time } watch
step-watch-pause = { $time } watch, then a person
step-watch-node = { $time } watch each
step-nodes = { $done } of { $nodes }
step-preparing = starting
step-testing = testing
step-shifting = shifting
step-until = until { $at }
step-longer = watched for longer
step-paused = paused { $at }
step-stopped = stopped { $at }
step-passed = passed { $at }
step-passed-word = Passed
step-waiting = waiting
step-end = At the end
step-finish = Finish
step-back = Back
step-stop = Stop { $version }
step-warm = { $version } is kept warm
step-stopped-version = { $version } is stopped
step-going = going
step-all-on = All on { $version }
step-of = Step { $n } of { $of }
step-title = Step { $n }, { $name }
step-next = Next step
wave = Wave
fact-share = Share of requests
fact-watch = Watched for at least
fact-began = Began
fact-watched = Watched since
fact-passed = Left
verdicts = Verdicts
verdicts-note = The newest of each minute
verdicts-none = Nothing was judged yet.
verdicts-none-detail = A step is judged once its shares hold and both versions had requests.
verdict = Verdict
verdict-none = Not judged yet
verdict-not-judged = Not judged
verdict-at = At
verdict-step = Step
verdict-metric = Metric
verdict-new = New
verdict-old = Old
verdict-difference = Difference between
verdict-between = { $lower } and { $upper }
verdict-tolerance = Tolerated
verdict-requests = Requests, new / old
verdict-events = Events, new / old
verdict-needed = Needs about

## A condition
condition-title = Condition { $number }
condition-asked = What has to hold
condition-from = Measured
condition-query = Asked of the metric system (PromQL)
condition-counted = At the edges, of the new version's requests since the watch began
condition-bound = Bound
condition-most = at most { $n }
condition-least = at least { $n }
condition-unknown = Without a value
condition-unknown-detail = It does not count as held: the rollout does not go on, and stands still when the watch is over.
condition-empty = Nothing was measured of this condition yet.
condition-value = Value
chart-values = Values

## Analysis
analysis = Analysis
analysis-note = { $new } against { $old }, same seconds and edges
metric-rate = Requests
per-second = { $n }/s
versus = vs { $old }
sample = n = { $n }
difference-points = { $n } points
judged-none = Not judged yet.
judged-not = Shown, not judged.
judged-pass = At most { $upper }. Tolerated { $tolerance }
judged-fail = Certainly worse: at least { $lower }
judged-undecided = Between { $lower } and { $upper }
judged-needs = Between { $lower } and { $upper }. Needs about { $needed } requests
judged-no-data = Unknown: needs { $needed } requests, has { $has }
judged-not-measured = Unknown: it could not be compared
chart-limit = limit { $n }
chart-tolerated = up to { $n }
chart-back = back
chart-resolution = 1 point = { $step }
chart-both = Both versions
chart-empty-traffic = The edges' logs have had no requests of it.
on-version = on { $version }
waves = Waves
wave-number = Wave
wave-datacenters = Data centres: instances by version, updated of nodes
wave-done = Done
wave-waiting = Waiting
wave-cell = { $dc }: { $done } of { $nodes } nodes on { $version }
edges-acknowledged = { $done } of { $all } acknowledged
edge-never = Never connected
edge-refused = Refused
edge-away = Away since { $since }
edge-acknowledged = Acknowledged
edge-behind = Not yet acknowledged
log = Log
links = Links
link-traffic = Traffic of { $service }
link-bench = Staging bench of { $version }
link-service = { $service }
link-runbook = Lasting address for runbooks
plan-hash = Plan { $hash }

## Evidence
evidence-back = Where requests go
evidence = If you roll back
evidence-checked = Checked { $at } UTC, and again when you press the button.
share-of = { $version }: { $share }
level-ok = Yes
level-unknown = Unknown
level-warn = Take care
level-block = No
check-old = { $version } is running: { $serving } instances, no cold start.
check-old-short = { $version } is running with { $serving } of { $wanted } instances.
check-old-gone = { $version } does not run anywhere.
check-unheard = Not known for { $names }: not heard.
check-comes-up = { $nodes } instances of { $version } must start before requests go back.
check-schema-none = No database change in { $version }.
check-schema-reversible = The database change works with the old version too.
check-schema-irreversible = The database change has no way back: going back loses data or needs a restore.
check-config = One configuration works with both versions.
check-config-not = The configuration does not work with both versions.
check-bench = { $version } passed its staging bench; that counts until { $at }.
check-bench-not = { $version } has not passed its staging bench as it is now, or the result has expired.
check-traffic = { $rate } requests a second now.
check-traffic-none = There are no requests now: a step cannot be judged.
check-traffic-unknown = Requests are not measured in all its regions.
check-alone = Nothing else is being rolled out.
check-others = Also being rolled out: { $ids }.
check-no-problems = No open problem of it, nor where it runs.
check-problems = { $n ->
    [one] One open problem of it or where it runs: { $ids }.
   *[other] { $count } open problems of it or where it runs: { $ids }.
}
check-extra = At most { $instances } more instances run meanwhile, about { $memory }. Whether the hosts have that is not known.
check-extra-unknown = At most { $instances } more instances run meanwhile. Whether the hosts have room is not known.
check-share-none = { $version } has no requests now.
check-share-of = { $share } in { $region }
check-share = { $version } has { $shares }.
check-edges = { $count } edges are connected and follow at once.
check-edges-away = { $count } edges are connected and follow at once. Away, and following on return: { $away }.
check-loses-data = Going back loses data.

## Rollouts list, quarantine
rollouts-note = { $n ->
    [0] Nothing is being rolled out.
    [one] One is on.
   *[other] { $count } are on.
}
rollouts-quarantine = Quarantine ({ $count })
rollouts-start = Start a rollout…
rollouts-running = On now
rollouts-over = Over
rollouts-none = No rollouts are running.
rollouts-last = The last one, { $name }, finished { $at }.
rollouts-never = None has ever been started.
rollouts-over-none = No rollout is over yet.
rollouts-over-context = Those that are done stay here for good.
rollouts-over-filtered = None that the filter picks.
filter-apply = Filter
newest-first = Newest first
pager-older = Older
col-rollout = Rollout
col-versions = Versions
col-by = By
col-started = Started
run-progress = { $done } of { $all } steps done
run-wave = { $n } of { $of }, { $regions }
quarantine-note = These versions start nowhere until a person lets them out.
quarantine-none = No version is in quarantine.
quarantine-none-detail = A version that is rolled back comes here, with the reason.
quarantine-held = In quarantine
quarantine-why = Why
quarantine-lift = Let it out
quarantine-lift-of = Let { $name } out
quarantine-lift-do = Let it out of quarantine
quarantine-keep = Keep it in quarantine
quarantine-was = It was put here because: { $why }
quarantine-will = A rollout of it may be started again. Nothing starts by itself.
quarantine-confirm = Type { $name }.
quarantine-confirm-label = Type the service and the version: { $name }

## Starting a rollout
start-title = Start a rollout of { $name }
start-note = { $version } serves now. Nothing has started.
start-choose = Start a rollout
start-choose-do = Go on
start-form = What to roll out
start-version = Version
start-version-hint = Passed the staging bench: { $versions }.
start-version-none = No other version has passed the staging bench yet.
start-bench-link = Staging bench
start-change = Reference of the change
start-schema = Database change
start-schema-none = None
start-schema-reversible = The old version works with it too
start-schema-irreversible = The old version does not work with it
start-config = Configuration
start-config-hint = Declares whether going back is safe: if not, it needs a review.
start-config-choose = Choose…
start-config-both = Works with both versions
start-config-new = Works only with the new version
start-hotfix = Hotfix
start-hotfix-hint = Watched for a quarter of the time. No step and no gate less.
start-plan = Plan
start-plan-own = The service's own
start-steps = Steps
start-steps-hint = Only to differ from the plan. Share and watch time: 1% 5 min, 25% 20 min pause; after pause a person goes on
start-waves = Waves
start-waves-hint = Only to differ from the plan. Waves apart by semicolons: eu-west; eu-central us-east
start-show = Show what it would do
start-do = Start the rollout of { $version }
start-keep = Do not start
start-preview = Before it starts
start-preview-none = Nothing to show yet.
start-preview-none-detail = Fill the form and press the button: you see the plan, the checks and what each step can detect. Nothing starts.
start-blocked = A check says no. Starting is possible, and written down with it.
start-strategy = Strategy
strategy-canary = Canary: a growing share of requests
strategy-rolling = Rolling: node by node, each tested
start-shortest = Takes at least
start-tolerates = Tolerated
start-tolerance = { $errors } of requests more failing, p95 { $latency }% slower
start-alpha = False stops of a good version
start-hash = Plan
start-detects = Smallest regression that each step detects
start-detects-note = At the traffic of the last 10 minutes, in 4 of 5 cases
start-more-steps = And { $n } more steps like these.
start-new-rate = New version, requests/s
start-error-from = Errors from
start-latency-from = p95 from
start-needs = Requests to pass
start-none = none
start-one-node = one node
step-watched = Watched
start-then-pause = { $time }, then a person
mistake-step = "{ $part }" is no step. Write a share and a watch time, as in 25% 20 min.

## Staging bench
bench-title = Staging bench of { $name }
bench-note = What a version must pass before it goes to production. Runs on a deployment of its own that no user reaches.
bench-results = Results
bench-none = No version was tested yet.
bench-none-detail = Run the bench with a version: its result lets it into production for a time.
bench-running = Running
bench-passed = Passed
bench-expired = Passed, expired
bench-other-checks = Passed other checks
bench-failed = Failed
bench-not-made = Could not be made
bench-by = In { $dc }, asked by { $by }
bench-until = Counts until { $at }.
bench-run = Run the bench
bench-run-do = Run the bench
bench-version-hint = As the program takes it, for example 1.4.0
bench-checks = Checks
bench-valid = A result counts for { $hours } h.
check-http = { $path } answers { $status }
check-http-contains = { $path } answers { $status } and contains "{ $contains }"
check-load = { $rate } requests a second on { $path } for { $seconds } s: at most { $errors } fail, p95 at most { $p95 } ms

## Traffic and edges
nav-traffic = Traffic
traffic-title = Traffic of { $name }
traffic-note = As the edges' own logs tell it.
traffic-versions = By version
traffic-datacenters = By data centre
traffic-nowhere = no instance was reached
traffic-none = No requests in this time.
traffic-none-detail = Choose another time, or see whether the edges are connected.
traffic-unheard = Not heard for { $time } of it.
range-label = Time
chart-rate = Requests
chart-errors = Error rate
chart-p95 = Latency p95
chart-latency = Latency of all requests
chart-highest = Highest { $n }
col-edge = Edge
col-requests = Requests
col-rate = Per second
col-errors = Errors
edges-note = { $connected } of { $all } connected.
edges-behind = { $n ->
    [one] { $count } does not follow what is decided.
   *[other] { $count } do not follow what is decided.
}
edges-more = { $count } more
edges-no-such = No edge is like that.
edges-no-such-detail = Names, regions and data centres are looked through.
edges-none = The fleet has no edges.
edges-none-detail = Users' requests enter through edges. Name them in the fleet file.
edges-lately = Requests of the last { $minutes } min
edge-connected = Connected
edge-revision = Acknowledged
edge-revision-of = { $n } of { $of }
edge-place = Stands in { $dc }, { $region }
edge-services = By service and version
edge-refuses = It refuses { $kind }: { $names }.
edge-kept = It keeps what it had, revision { $revision }. In its own words:
edge-proxy = Proxy
edge-acknowledged-at = Acknowledged at
edge-since = Connected since
edge-away-since = Away since
in-progress = In progress
nav-rollouts-count = { $n ->
    [one] { $count } rollout is on
   *[other] { $count } rollouts are on
}
keys-slot = go to the action of the page
changed = The rollout of { $service } is { $word } by now. What you see is the state of this moment.
changed-by = The rollout of { $service } is { $word } since { $at } UTC ({ $who }), { $ago } before you. What you see is the state of this moment.
start-replanned = The plan is another one by now. Look at it, then start.
slot-sent = Sent
slot-early = Nothing was sent: this had just changed. Press again if you still mean it.
slot-unsure = Sent, not confirmed. Checking…
refresh-note = This page loads again every { $n } s.
refresh-still = Keep it still
edges-share = Users' requests of the last 5 minutes enter at
slot-undoing = Undoing the rollback

## Backups: words
backup-full = full
backup-differential = differential
policy-full-daily = Full copy every day
policy-full-every = Full copy every { $days } days
policy-full-on = Full copy on { $days }
policy-when = { $full }, { $from } to { $to } { $city } time.
policy-when-differential = { $full }, a differential on the other days, { $from } to { $to } { $city } time.
policy-clocks = Where clocks change, a time that is left out is the first moment after it; of one that comes twice it is the earlier.
policy-kept = { $n ->
    [one] Kept one day; a chain goes whole, when its youngest copy may.
   *[other] Kept { $days } days; a chain goes whole, when its youngest copy may.
}
policy-chain = Each full takes the next data centre in turn, and its differentials stay with it: { $turn }.
policy-literal = Each copy takes the next data centre in turn: { $turn }.
policy-copies = At any time at least { $copies } copies, in at least { $places } data centres.
policy-proof = { $n ->
    [one] A test restore passes at least every day.
   *[other] A test restore passes at least every { $days } days.
}
weekday-monday = Monday
weekday-tuesday = Tuesday
weekday-wednesday = Wednesday
weekday-thursday = Thursday
weekday-friday = Friday
weekday-saturday = Saturday
weekday-sunday = Sunday
short-none = There is no copy that can be used.
short-copies = { $n ->
    [one] There is one copy; { $asked } are asked for.
   *[other] There are { $found } copies; { $asked } are asked for.
}
short-places = { $n ->
    [one] There are copies in one data centre only; { $asked } are asked for.
   *[other] There are copies in { $found } data centres; { $asked } are asked for.
}
short-late = No copy was made since the window of { $at } began.
short-missed = { $count } windows passed without a copy, the first at { $at }.
short-full = No full copy was made since the window of { $at } began.
short-unproven = No copy ever passed a test restore.
short-proof-old = { $n ->
    [one] The last test restore passed at { $at }; it may be one day old.
   *[other] The last test restore passed at { $at }; it may be { $days } days old.
}
short-proof-failed = The copy { $label } in { $dc } was found damaged at { $at }.
short-gone = The files of the copy { $label } in { $dc } are gone from its repository.
short-bad-pages = The copy { $label } in { $dc } has pages with wrong checksums.
short-full-missing = The copy { $label } in { $dc } stands on a full that is not there.
keep-not-due = Stays until { $at }.
keep-not-asked = Stays: the repository in { $dc } was not asked.
keep-not-read = Stays: the repository in { $dc } could not be read: { $why }.
keep-late = Stays: no copy was made since the window of { $at } began.
keep-proven = Stays: it has the copy { $label }, the last that passed a test restore, at { $at }.
keep-none-newer = Stays: there is no newer copy without damage.
keep-too-few = Stays: without it there would be { $n ->
    [one] one copy
   *[other] { $copies } copies
} in { $m ->
    [one] one data centre
   *[other] { $places } data centres
}, too few.
keep-goes = Goes now: due since { $at }, and { $newer } in { $dc } is newer.
obstacle-no-agent = No agent says that the database runs there.
obstacle-silent = The agent of { $dc }, where the database runs, is silent.
obstacle-busy = The database has other work at the moment.
obstacle-no-place = No data centre can take a copy.
obstacle-nobody = No server was there to decide.
obstacle-no-policy = The fleet has no policy for it any more.
phase-preparing = Preparing
phase-copying = Copying
phase-restoring = Restoring
phase-recovering = Recovering
phase-checking = Checking
phase-cleaning = Cleaning up
phase-done = { $phase }, { $percent }%
task-backup = Backup
task-verify = Reading for damage
task-expire = Removal
task-prove = Test restore
task-restore = Restore in place
task-let-go = Letting a set aside directory go
task-stay = Letting a restored copy stay longer
task-end-kept = Letting a restored copy go
task-switchover = Switchover
task-failover = Failover
task-rejoin = Rejoining the cluster
task-pause = Pausing the cluster
task-resume = Resuming the cluster
about-set-aside = the data before a restore
about-kept = a restored copy that stayed
target-end = the end of the copy
target-moment = { $at }
target-latest = as far as the log goes
damage = { $place }: { $what }.
damage-file = { $place }, { $file }: { $what }.
damage-copy = Copy { $label }
damage-wal = Log segment { $segment }
damage-repository = Bookkeeping of the repository
damage-checksum = wrong checksum
damage-missing = missing
damage-size = wrong size
damage-other = cannot be unpacked or read
reach-gap = { $n ->
    [one] After that one segment of the log is missing.
   *[other] After that { $count } segments of the log are missing.
}
reach-damaged = { $n ->
    [one] After that one segment of the log is damaged.
   *[other] After that { $count } segments of the log are damaged or missing.
}
reach-abandoned = After that the database went on from an earlier point.
reach-no-history = A newer timeline exists whose history is not known.
reach-unread = A repository that could not be read may hold more.
reach-unlisted = How far the log goes is not known.
problem-backup-none = { $db } has no copy that can be restored
problem-backup-none-detail = Losing its data centre now would lose the database.
problem-backup-late = The backup of { $db } is late
problem-backup-missed = { $db } missed { $count } backups
problem-backup-late-detail = No copy since the window of { $since }. The newest copy that can be used was begun at { $newest }.
problem-backup-late-none = No copy since the window of { $since }.
problem-backups-short = { $db } has { $n ->
    [one] one copy
   *[other] { $copies } copies
} in { $m ->
    [one] one data centre
   *[other] { $places } data centres
}
problem-backups-short-detail = Its policy asks for { $asked } copies in { $places } data centres.
problem-repository = The copies of { $db } in { $dc } cannot be read
problem-repository-detail = What is there is unknown, counts for nothing, and nothing is removed meanwhile. { $why }
problem-copy-damaged = A copy of { $db } in { $dc } is damaged
problem-copy-damaged-detail = { $label } is not counted. It stays until its chain is past retention and a newer copy is there.
problem-never-proven = No copy of { $db } was ever proven
problem-never-proven-detail = No test restore has passed. Whether its copies can be restored is not known.
problem-log-behind = What is committed to { $db } now could not be recovered
problem-log-behind-detail = Its log is archived up to { $at } only. See whether archiving works and its repositories have room.
problem-log-stuck = Postgres says that it cannot archive { $file }.
problem-log-lost-detail = { $n ->
    [one] A segment of its log is missing in every repository after { $at }. The next copy makes recovery possible again, from then on.
   *[other] { $count } segments of its log are missing in every repository after { $at }. The next copy makes recovery possible again, from then on.
}
problem-unproven = The copies of { $db } were not proven lately
problem-unproven-detail = { $n ->
    [one] The last test restore passed at { $at }; the limit is one day.
   *[other] The last test restore passed at { $at }; the limit is { $days } days.
}

## Backups: pages
nav-backups = Backups
nav-backups-count = { $n ->
    [one] 1 problem of backups
   *[other] { $count } problems of backups
}
backups-views = View
backups-calendar = Calendar
backups-sets = Sets
backups-copies = Copies
backups-week = Week
backups-month = Month
backups-none = No database has a backup policy.
backups-nothing = No database matches the filter.
backups-nothing-detail = Only databases with a backup policy are listed.
backups-none-detail = Policies are declared in the fleet file, each database names its own.
backups-without = { $n ->
    [one] One database has no backup policy: { $names }.
   *[other] Databases without a backup policy: { $names }.
}
answer = { $n } of { $all } backups on time in 24 h.
answer-none = No backup window ended in the last 24 h.
answer-late = { $count } late: { $names }.
answer-late-of = { $db }, { $time }
answer-missed = { $count } missed: { $names }.
answer-failing = { $count } tried in vain so far: { $names }.
answer-stuck = { $count } ordered and silent: { $names }.
answer-unknown = { $n ->
    [one] One is not known.
   *[other] { $count } are not known.
}
answer-more = { $names } and { $more } more
look-done = Done on time
look-done-late = Done late
look-running = Running
look-planned = Planned
look-failing = Tried in vain
look-late = Late
look-missed = Missed
look-stuck = Ordered and silent
look-unknown = Not known
mark-window = { $from } to { $to } UTC
mark-words = { $db }: { $kind } to { $dc }, { $window }, { $look }
legend-full = A line below: a full copy
legend-utc = Days and times are UTC
calendar-week = Week { $week }, { $from } to { $to } { $year }
calendar-month = { $month } { $year }
calendar-caption = Backups, { $name }
calendar-earlier = Earlier
calendar-now = Now
calendar-later = Later
calendar-span = Span
days-short = { $days } d
backups-times-utc = Times are UTC
to-word = to
col-database = Database
col-policy = Policy
col-newest = Newest copy
col-copies = Copies
col-places = Copies in
col-recoverable = Recoverable
col-proven = Last proven
col-next = Next
col-kept = Kept
col-left = What is left
col-in = In
col-copy = Copy
col-kind = Kind
col-size = Database
col-stored = Stored
col-chain = Stands on
col-due = Due
col-what = What
col-run = Run
col-window = Window
col-tries = Failed tries
col-work = Work
col-about = Of
col-agent = Agent
col-ordered = Ordered
col-result = Result
col-finished = Complete
set-met = On time and proven
set-unseen = Not seen
set-old = Old data
set-unread = Partly not read
set-none = No copy
set-missed = { $count } missed
set-late = { $time } late
set-full-late = Full copy late
set-short = Too few copies
set-damaged = Damaged copy
set-unproven = Not proven
set-no-copy = none
set-never = never
set-title = { $db }, { $state }
set-runs-in = Runs in { $dc }.
set-runs-unknown = Where it runs is not known.
set-read = Repositories read at { $at }.
set-policy = Policy
set-ahead = Next windows
set-reach = Recoverable
set-prepared = What backups stand on
set-goes = What goes when
set-runs = Runs
set-work = Test restores, readings, removals
set-short-title = What is short
set-unseen-title = No agent tells of this database.
set-unseen-detail = What its repositories hold is unknown. An agent tells of it once its configuration names the database.
set-old-title = The agent of this database is silent.
set-old-detail = What follows is what it saw at { $at }. Backups go on when it is heard again.
set-unread-line = The repository in { $dc } could not be read. { $why } What it holds counts for nothing here.
log-damaged = { $n ->
    [one] In the log in { $dc } a segment is damaged: { $names }.
   *[other] In the log in { $dc } segments are damaged: { $names }.
}
log-damaged-more = In the log in { $dc } { $count } segments are damaged, among them { $names }.
copy-proven = Proven
copy-unproven = Not proven yet
copy-damaged = Damaged
copy-unusable = Cannot be used
copy-none-usable = None can be used
copy-gone = Gone
copy-word = copy
copy-title = { $label }, { $db }
copy-note = A { $kind } copy of { $db } in { $dc }.
copy-unread = Its repository could not be read.
copy-gone-title = This copy is not there any more.
copy-gone-detail = It was removed with its chain, or never listed. What is known of it follows.
copy-vanished = Gone
copy-vanished-detail = The repository lists this copy, and its files are not there: somebody or something took them away.
copy-bad-pages = The database had pages with wrong checksums when it was copied.
copy-damage-title = Something speaks against this copy.
copies-note = { $n ->
    [one] One data centre
   *[other] { $count } data centres
}
copies-right = Age of the newest copy that can be used
copies-unknown = What the repositories hold is not known.
copies-unknown-detail = No agent has told of this database yet.
places-unread = (not read: { $names })
cell-not-asked = not asked
cell-unread = Not read
cell-no-copy = no copy
cell-copies = { $n ->
    [one] 1 copy
   *[other] { $count } copies
}
cell-damaged = { $n ->
    [one] 1 not usable
   *[other] { $count } not usable
}
unread-title = { $n ->
    [one] One repository could not be read, and totals leave it out.
   *[other] { $count } repositories could not be read, and totals leave them out.
}
unread-line = { $db } in { $dc }: { $why }
repository-unread = Could not be read, what it holds is not known. { $why }
repository-holds = { $n ->
    [one] one copy, { $stored }
   *[other] { $count } copies, { $stored }
}
chain-own = itself
loss-title = What survives the loss of a data centre
loss-label = Data centre that is lost
loss-show = Show what is left
loss-answer = Without { $dc }, { $n } of { $all } databases have a copy left.
loss-unknown = What its repositories hold is not known.
loss-more = May be more in { $names }, not read.
loss-maybe = May be in { $names }, not read.
loss-all = Nothing is left: database and copies would be gone.
loss-copies = No copy is left; the database itself runs elsewhere.
loss-runs-there = The database runs there.
ahead-what = { $kind } to { $dc }, { $local }
archiving-stuck = { $file } of the log could not be archived at { $at }, and nothing was since.
archiving-failed = { $n ->
    [one] One try to archive the log failed, of { $file } at { $at }.
   *[other] { $count } tries to archive the log failed, the last of { $file } at { $at }.
}
archiving-last = Archived last: { $file } at { $at }.
reach-none = Not known.
reach-none-detail = No copy that can be used was listed.
reach-least = at least.
reach-log = The log was archived last at { $at }; every moment up to there may be reached.
goes-none = Nothing is there that could go.
goes-none-detail = Copies appear here with the day on which their retention ends.
goes-order = Due first
prepared-archiving = The write-ahead log is archived.
prepared-restart = The write-ahead log is not archived until the database restarts: { $settings }.
prepared-archiving-failed = The write-ahead log is not archived. { $why }
prepared-repository = The repository in { $dc } is ready.
prepared-repository-failed = The repository in { $dc } is not ready. { $why }
runs-none = No run in the last 60 days.
runs-none-detail = A run begins with its window.
run-now = Back up now…
run-now-title = Back up { $db } now
run-now-note = One copy beside the plan. Nothing has happened yet.
run-now-do = Back up now
run-begins = Next try at { $at }.
run-ordered = Ordered from the agent of { $dc } at { $at }, which says nothing of it yet.
run-made = Took { $time }, { $stored } stored.
run-passed-over = The turn of { $dc } was passed over: its repository could not be read. { $why }
run-other-kind = Asked for was a { $asked } copy.
run-asked-by = Asked by { $by }.
run-title = { $id } of { $db }, { $state }
run-head = { $db }, { $kind } copy
run-by-plan = A window of the plan.
run-by-person = Asked for by { $by }: { $reason }
run-open-copy = Open the copy
run-late-by = { $time } past its window.
run-tries = Tries that failed
run-planned-in = planned in { $dc }
run-given = Asked at
run-until = Until
run-kept-until = Kept until
run-revision = Revision
tries-none = No try failed.
tries-none-detail = A try that fails is repeated, there or in the next data centre, until the next window begins.
try = Try { $n } in { $dc }, { $time }.
work-none = None so far.
work-none-detail = A new copy is proven after its backup, and repositories are read through once a day.
work-ordered = Ordered
work-waits = Waits for other work
work-ends = Told, being written down
work-not-made = Not made: { $why }
work-removed = Removed
work-no-damage = No damage found
part-restore = Restore
part-valid = Validation
part-recovery = Recovery
part-structure = Structure
part-pages = Page checksums
part-clean-up = Cleaning up
part-kept = It stays for a while, as was asked for
part-stop = Stop
part-start = Start
part-passed = { $part } passed
part-failed = { $part } failed: { $why }
part-not-run = { $part } not run: { $why }
part-check = Check failed: { $check }
check-passed = { $name }: { $seen }
check-failed = { $name } failed: { $seen }
proofs = Test restores
proofs-none = No test restore of this copy was made.
proofs-none-detail = The newest copy is proven by itself; any copy can be proven on request.
proof-title = Test restore, { $at }
proof-how = Made by the agent of { $dc }, up to { $target }.
proof-asked = Asked for by { $by }: { $reason }
proof-due = It was due.
proof-passed = Passed
proof-failed = Failed
proof-not-made = Not made
proof-waits = Waits
proof-reached = Recovery reached the commit of { $at }.
proof-position = Recovery reached the position { $position } of the log.
proof-stays = What was restored stays until { $at }.
proof-stays-how = How to connect
prove-now = Prove now…
prove-do = Prove this copy
prove-title = Test restore of { $label }
prove-target = Restore up to
prove-target-hint = The end of the copy needs its own repository only; later moments need the archived log.
prove-end = the end of the copy
prove-moment = a moment
prove-latest = as far as the log goes
prove-at = Moment, UTC
prove-at-hint = For "a moment" only: 03:30, or 2026-11-20 03:30.
prove-restores = The copy is restored beside the database, on a server of its own.
prove-checks = The restored database is started, its structure and its page checksums are checked.
prove-space = Until it is done it needs { $size } of disk.
prove-untouched = The database itself and the copy are not changed.
prove-removed = What was restored is removed afterwards, unless it is to stay.
prove-stays = If it stays, it keeps the disk for as long. At most { $most } restored copies of a database stay at a time.
prove-keep = Keep it running afterwards
prove-keep-hint = Its server goes on, so that people can look into it and take lost rows out, until its time is over or somebody lets it go.
prove-hours = For how many hours
prove-hours-hint = { $least } to { $most }, of real time, from when it can be used.
prove-on = On the machine in
prove-on-hint = One near the database is at hand for a pg_dump back into it; one elsewhere takes nothing from it.
prove-on-any = any, best elsewhere than the copy
prove-newest = It is the newest copy that can be used.
fact-took = Took
fact-wal = Log it needs
fact-goes = Retention
ask-begins = The agent of { $dc } begins at once, or after the work that it has.
ask-silent = The agent of { $dc } is silent; the backup begins when it is heard again.
ask-no-agent = No agent says that the database runs there; the backup begins when one does.
ask-goes-to = The copy goes to { $dc }, or to the next in turn where that one cannot take it.
ask-until = It is tried until { $at }, { $time } from now.
ask-last-full = The last full copy took { $time }, { $stored } stored.
ask-no-full = No full copy is known. A differential would become a full one.
ask-plan-stays = The plan stays as it is: the next window makes its own copy.
ask-reason-hint = Why now; at most 500 characters.
kind-hint = A differential holds what changed since the last full copy in the same place.
mistake-kind = Choose which kind of copy.
mistake-moment = Write a moment, like 03:30 or 2026-11-20 03:30.
mistake-hours = Write for how many hours it stays, { $least } to { $most }.
mistake-on = Choose a data centre of the list.
mistake-reason = Write why, in a few words.
next-title = Backups
next-note = Next 24 h
next-what = { $kind } to { $dc }
next-more = { $n ->
    [one] One more in the next 24 h.
   *[other] { $count } more in the next 24 h.
}
runs-older = { $n ->
    [one] One older run
   *[other] { $count } older runs
}
group-databases = Databases
dc-loss = Copies without it
dc-loss-link = What survives its loss
restores = Restores
restores-none = No database was restored over.
restores-none-detail = A restore begins on the page of a copy. A second person has to allow it.
col-restore = Restore
col-target = Up to
col-asked = Asked by
col-allowed = Allowed by
restore-nobody = nobody
restore-unproven = without a test restore
restore-waits = Waits for a second person
restore-waits-until = Somebody else than who asked may allow it until { $at }.
restore-void = Void
restore-void-detail = Nobody allowed it in time. Ask again if it is still needed.
restore-refused = Refused
restore-refused-by = { $by } refused it: { $why }
restore-allowed = Allowed
restore-runs = Restoring
restore-silent = The agent of { $dc } is silent; how far it is, is not known.
restore-done = Restored
restore-done-detail = The database is what it was restored to.
restore-failed = Failed
restore-title = { $id }, restore of { $db }: { $state }
restore-head = Restore of { $db }
restore-asked = Asked for by { $by }: { $reason }
restore-proof = A test restore passed.
restore-proven = The same copy was restored beside the database, up to the same target, at { $at }.
restore-no-proof = It needs a test restore.
restore-goes-without = It goes WITHOUT a test restore.
restore-without-proof = Whoever asked overrode the rule. { $why }
restore-never-proven = No test restore of this copy up to this target has passed. Whether it can be restored is not known.
restore-proof-old = { $n ->
    [one] The last test restore of this copy up to this target passed at { $at }; it may be one day old.
   *[other] The last test restore of this copy up to this target passed at { $at }; it may be { $days } days old.
}
restore-proof-failed = The last test restore of this copy up to this target failed, at { $at }. Choose another copy.
restore-same-person = { $by } asked for it; a second person has to allow it.
restore-took = { $n ->
    [one] The last restore of this database took { $time }.
   *[other] Restores of this database took { $time }, the median of { $count }.
}
restore-proofs-took = { $n ->
    [one] A test restore of this database took { $time }.
   *[other] Test restores of this database took { $time }, the median of { $count }.
}
restore-replaces = { $db } in { $host } is stopped and replaced by the copy { $label } of { $dc }, up to { $target }.
restore-loses = Everything that was committed after { $at } is lost to it, { $ago } as of now.
restore-loses-unstored = Everything that was committed and is not in the archived log yet is lost to it.
restore-down = Nothing can use { $db } until the restore is done.
restore-keeps = The data of { $db } as it is now is kept beside, until somebody lets it go.
restore-host-silent = The agent of { $dc }, where the database runs, is silent. Nothing begins while it is.
restore-no-host = No agent says that the database runs there. Nothing can begin.
restore-second = A second person has to allow it within { $time }. Nothing happens before.
restore-over = Restore…
restore-beside = Are only some rows lost? Restore the copy beside the database and take them out of there. Nothing is replaced.
restore-beside-link = Restore beside…
restore-ask-title = Restore of { $db } from { $label }
restore-ask-head = Restore { $db } over its live data
restore-ask-note = This loses data. It needs a test restore up to the same target, and a second person.
restore-ask-do = Ask for this restore
restore-override = To go without a test restore, type the name of the database: { $name }
restore-override-hint = Leave it empty to go by the rule. Who allows it is told in loud words.
restore-allow = Allow…
restore-refuse = Refuse…
restore-allow-title = Allow the restore of { $db }
restore-refuse-title = Refuse the restore of { $db }
restore-allow-do = Allow and begin
restore-refuse-do = Refuse this restore
restore-allow-words = It begins at once. Your name stands beside that of { $by } in the audit log.
restore-not-now = It cannot be allowed as it stands.
restore-steps = Steps
restore-checks = What the database answered afterwards
restore-before = The data before
restore-kept = The data directory that was there before is kept here, until somebody lets it go.
restore-let-go = The data directory that was there before was let go. It was here:
restore-kept-unknown = The data directory that was there before was kept here. Whether it still is, is not known.
restore-until = Allow until
restore-estimate = How long
set-aside = Data kept after restores
set-aside-detail = What was there before each restore. It takes room until somebody lets it go.
kept-title = Restored copy in { $dc }
kept-running = Running
kept-down = Not running
kept-silent = Agent silent
kept-why = { $why } The agent goes on trying.
kept-since = Restored
kept-age = ({ $time } ago)
kept-until = Removed at
kept-left = (in { $time })
kept-longer = Let it stay longer...
kept-longer-hours = Hours longer
kept-longer-hint = From 1 to 72; 7 days in all at most.
kept-longer-reason = Why
kept-path = Folder
kept-connect = To look into it, on the machine in { $dc }:
kept-take-out = To take a table out of it:
let-go = Let it go…
let-go-do = Let it go
let-go-title = Let go what a restore of { $db } set aside
let-go-kept-title = Let a restored copy of { $db } go
let-go-removes = The data directory is removed from the machine in { $dc }. There is no way back to what is in it.
let-go-ends = The restored copy in { $dc } is ended and removed, with whatever was written into it since. It can be restored again as long as its copy is there.
let-go-untouched = { $db } as it runs now and its copies are not changed.
let-go-silent = The agent is silent. It is removed when the agent is heard again.
database-confirm = Type the name of the database: { $name }
database-name = Type { $name }, the name of the database.

## Failover
nav-failover = Failover
nav-failover-count = { $n ->
    [one] { $count } failover is on
   *[other] { $count } failovers are on
}
failover-title = Failover
failover-note = What happens when a region or a data centre goes away
failover-question = Can we fail over right now?
failover-answer-yes = Yes.
failover-answer-warnings = { $n ->
    [one] Yes, with { $count } warning.
   *[other] Yes, with { $count } warnings.
}
failover-answer-some = Yes for { $able } of { $all } regions. No for { $names }.
failover-answer-no = No.
failover-answer-unknown = Unknown. What has to be known is not.
failover-ready = Ready
failover-warnings = Warnings
failover-unknown = Unknown
failover-not-ready = Not ready
failover-if-region = If a region goes away
failover-if-datacenter = If a data centre goes away
failover-col-away = Goes away
failover-col-verdict = Verdict
failover-col-to = Takes over
failover-col-lag = Data lag
failover-col-time = Time / limit
failover-col-load = Load after
failover-col-drill = Last drill
failover-col-plan = Plan
failover-col-run = Run
failover-col-what = What
failover-col-state = State
failover-col-steps = Steps
failover-col-took = Time
failover-col-limit = Limit
failover-col-started = Started
failover-col-group = Group
failover-col-moves = Moves
failover-col-now = Now
failover-col-database = Database
failover-col-leads = Leads in
failover-col-takes-over = Takes over
failover-col-behind = Behind
failover-col-behind-time = Behind, time
failover-never = never
failover-plan-open = Plan
routines-title = Drills that repeat
routine-later = Not due
routine-due = Due
routine-overdue = Overdue
routine-never = No day
routine-on-day = until
routine-since = since
routine-every = { $n ->
    [one] every day
   *[other] every { $days } days
}
routine-on = on { $days }
routine-window = { $from } to { $to } there
routine-last = last carried out
routine-last-never = never carried out
routine-by-itself = If nothing is in its way it begins by itself, next in the window from
routine-by-hand = Somebody starts it from its plan.
routine-start = Open its plan
routine-put-off = Put off: { $why }
drills-title = Planned drills
drill-none = No drill is planned.
drill-planned = Planned
drill-started = Started
drill-missed = Missed
drill-cancelled = Cancelled by { $by }
drill-by = { $by }: { $reason }
drill-plan = Plan a drill
drill-cancel = Cancel { $id }
drill-what = What goes away
drill-what-hint = Data centres or regions, with commas, like fra1,fra2
drill-at = When
drill-at-hint = Like 2026-12-24 18:00, in UTC
drill-note = It is carried out in earnest and waits for data. If a rule, a gate or another run is in its way for 15 minutes, it is missed and says why.
readiness-title = Readiness over 30 days
readiness-note = Each minute is judged; one that nobody judged is unknown
readiness-worst = Each band shows the worst of its time.
readiness-score = Could go away
readiness-not-ready = Not ready
readiness-unknown = Unknown
readiness-warnings = With warnings
readiness-all = Of
failover-runs = Runs and drills
failover-no-runs = Nothing was ever failed over here.
failover-no-runs-detail = A drill shows how long each group takes; open a plan to start one.
failover-older = Older runs
failover-progress = { $past } of { $all } steps are past.
failover-gates = Gates
failover-gates-none = No gate is closed: failovers may start.
failover-gate = Gate
failover-gate-close = Close the gate
failover-gate-open = Open it
failover-gate-until = until { $at }
failover-reason = Reason, kept in the audit log
failover-reason-hint = At least 10 characters.
failover-reason-least = At least { $n } characters.
failover-reason-word = Reason
failover-until = Until
failover-until-hint = Of a freeze: 2026-12-24 18:00, in UTC. A lock holds until somebody opens it.
failover-title-run = Failover of { $name }
failover-title-drill = Drill of { $name }
failover-title-back = Back to { $name }
failover-requested = Waits for a second person
failover-running = Running
failover-pausing = Pausing after this step
failover-paused = Paused
failover-asks-rule = A safety rule forbids it
failover-asking = A step failed
failover-done = Done
failover-stopped = Stopped
failover-refused = Refused
failover-step-waiting = waiting
failover-step-running = running
failover-step-done = done
failover-step-failed = failed
failover-step-skipped = skipped
failover-act-precheck = Check what takes over
failover-act-scale = Scale { $name } in { $to } by { $n ->
    [one] { $count } node
   *[other] { $count } nodes
}
failover-act-start = Start { $name } in { $to } with { $n ->
    [one] { $count } node
   *[other] { $count } nodes
}
failover-act-stop-writes = Stop writes to { $name } in { $from }
failover-act-wait = Wait until { $to } has all of { $name }
failover-act-promote = Promote { $name } in { $to }
failover-act-verify = Verify that { $name } leads in { $to }
failover-act-shift = Shift requests to { $name } from { $from } to { $to }
failover-act-observe = Observe that the group is served
failover-act-return = Send requests to { $name } to { $to } again
failover-act-release = Let { $n ->
    [one] { $count } node
   *[other] { $count } nodes
} of { $name } go in { $from }
failover-rule-serving-least = Enough data centres
failover-rule-capacity = Capacity
failover-rule-lock = Lock
failover-rule-freeze = Freeze
failover-rule-wait = Wait between runs
failover-plan-title = Fail over { $name }
failover-plan-back = Go back to { $name }
failover-plan-note = Nothing has started. Plan { $hash }, checked { $at } UTC; a start checks again.
failover-plan-hash = Plan
failover-what = What will happen
failover-nothing = There is nothing to move.
failover-nothing-detail = Nothing that runs there can move, or nothing runs there.
failover-moves-services = { $n ->
    [one] { $count } service
   *[other] { $count } services
}
failover-moves-databases = { $n ->
    [one] { $count } database
   *[other] { $count } databases
}
failover-moves-nodes = { $n ->
    [one] { $count } node comes up
   *[other] { $count } nodes come up
}
failover-empty = Nothing runs there
failover-answer-not-known = Yes for { $able } of { $all } regions. Not known for { $names }.
failover-stays-down = Stays down: { $what }
failover-checks = Checks
failover-at-risk = Data at risk
failover-findings = Findings
failover-steps = Steps
failover-steps-of = { $name }: { $n ->
    [one] { $count } step
   *[other] { $count } steps
}
failover-start = Start
failover-start-do = Start failover of { $name }
failover-start-back = Go back to { $name }
failover-start-note = It can be paused after each step and stopped; what moved can come back.
failover-other = { $run } is not over. One failover at a time, in one order.
failover-mode = How
failover-mode-hint = Waiting loses nothing. Not waiting needs a second person where data may be lost.
failover-mode-graceful = Wait for data
failover-mode-forced = Now
failover-mode-forced-loses = Now, and lose what the standby lacks
failover-drill = This is a drill
failover-drill-hint = It is carried out all the same; its times become the estimates.
failover-confirm = Type { $name } to confirm
failover-emergency = No second person can be reached
failover-emergency-hint = It starts at once, and somebody else has to review it.
failover-emergency-word = Emergency
failover-emergency-said = Started by one person; to be reviewed by another
failover-override = Override { $rule }: { $why }
failover-started = Started by { $by },
failover-allowed = , allowed by { $by }
failover-pause = Pause after this step
failover-resume = Resume
failover-fail-back = Fail back...
failover-go-back = Stop and go back...
failover-needs-second = A second person has to allow it.
failover-failed = Failed: { $what }.
failover-rule-stops = A safety rule forbids: { $what }.
failover-rule-asking-detail = Nothing else begins. Try again once the rule holds, override it by its name, stop here, or go back.
failover-does-not-begin = it does not begin.
failover-asking-detail = Nothing else begins. Try again, skip it with a reason, stop here, or go back.
failover-stopped-by = { $by }: { $reason }
failover-stopped-what = Stopped. What moved stays where it is.
failover-refused-what = Nothing was moved.
failover-stands = It stands until somebody fails back.
failover-stands-detail = Requests and leaders stay where they were moved to.
failover-paused-by = Paused by { $by }. No step begins.
failover-groups = Groups in the order of recovery
failover-log = Log
failover-takes-back = Takes back
failover-allow = Allow and start
failover-retry = Try again
failover-skip = Skip the failed step...
failover-skip-asked = Skip this step...
failover-override-rules = Override safety rules...
failover-override-rule = Override: { $rule }
failover-override-hint = Without this, a second person is asked first. With it, the run goes on at once, and somebody has to review it.
failover-overridden = Safety rules overridden
failover-skip-running = Skip the running step...
failover-approval = Approval
failover-open-approval = Open { $id }
failover-stop = Stop here...
failover-force = Do not wait for data any more...
failover-force-hint = Without this, a second person is asked first where data may be lost. With it, somebody has to review it.
failover-no-data = Past runs and gates cannot be read now.
failover-judged = Judged at { $at } UTC, { $age } ago.
failover-stuck = Stuck: { $what }.
failover-stuck-since = Since { $at }, for { $age }.
failover-stuck-measured = It takes longer than twice the longest such step so far, limit { $limit }.
failover-stuck-default = It takes longer than { $limit }; no such step was measured so far.
failover-drift = Since it was carried out last
failover-drift-never = It was never carried out to its end: a drill shows what it does.
failover-drift-drill = The last drill:
failover-drift-run = The last run:
failover-drift-none = Nothing in the plan differs.
failover-again = What changed since you looked
failover-again-same = It was checked again now: nothing in the plan changed.
failover-again-changed = It was checked again now. Look at what changed, then start it.
failover-again-unknown = It was checked again now. What you looked at is not known any more.
failover-open = Open failover
problem-failover = The failover of { $lose } waits for a person
problem-failover-detail = { $why } Nothing else of it begins.
problem-failover-stuck = The failover of { $lose } is stuck
problem-failover-stuck-detail = { $n ->
    [0] { $step } has taken longer than { $limit } since { $since }. { $waits }
    [one] { $step } has taken longer than { $limit } since { $since }, and one more step its time. { $waits }
   *[other] { $step } has taken longer than { $limit } since { $since }, and { $more } more steps theirs. { $waits }
}
problem-standby = { $db } could not fail over to { $dc }
problem-standby-detail = { $why } Forced, it would lose what the standby lacks.
problem-dropped = { $group } in { $dc }: { $percent } % of the traffic is missing
problem-dropped-detail = It dropped in { $dc } and not elsewhere. The plan without { $dc } is one click away.

## Orchestrator
orchestrator-title = Orchestrator
orchestrator-open = Orchestrator
orchestrator-note = What drops of traffic mean, and what was decided about them
orchestrator-places = Traffic by data centre and group
orchestrator-col-datacenter = Data centre
orchestrator-col-mode = Mode
orchestrator-col-traffic = Traffic
orchestrator-none = Nothing is watched.
orchestrator-none-detail = Groups with the mode off are not watched, nor places that a failover left.
orchestrator-learning = Learning
orchestrator-normal = As expected
orchestrator-no-data = No data
orchestrator-dropped = Dropped
orchestrator-dropped-detail = { $percent } is missing: { $observed } of { $expected } a second came
orchestrator-decisions = Decisions
orchestrator-quiet = No drop was seen so far.
orchestrator-quiet-detail = Each one is kept here with every question and its answer, also what would have been done where nothing may be done without a person.
orchestrator-older = Older decisions
orchestrator-old = How traffic stands is not known.
orchestrator-old-since = The leader looked last at { $at }.
orchestrator-never = No leader has looked yet.
orchestrator-nothing = Nothing
orchestrator-watch = Watch
orchestrator-advise = Advise a person
orchestrator-switch = Switch
answer-yes = Yes
answer-no = No
answer-not-known = Unknown
question-fresh = Fresh data: heard { $age } ago, { $most } at most.
question-dropped = It dropped: { $size } is missing ({ $least } at least), { $sure } sure ({ $surely } at least).
question-others = The others did not: { $steady } steady, { $dropped } dropped, { $unknown } unknown.
question-second = A second signal: { $serving } of its nodes serve, the agent is silent for { $silent }, { $errors } of requests fail.
question-healthy = The target is healthy: { $serving } of its nodes serve ({ $least } at least).
question-capable = The target can take it: { $spare } a second to spare, { $needed } needed.
question-near = The target is near enough: { $extra } more, { $most } at most.
question-cool = The last switch was long enough ago: { $since }, { $least } at least.
question-free = No rule or gate forbids it.
question-forbidden = Forbidden by { $rules }.
failover-rule-holds = Holds
failover-rule-broken = Does not hold

# Approvals
approvals = Approvals
approvals-note = What one person asks for and another has to allow, and what was done in an emergency
approvals-open = Waiting
approvals-over = Answered or over
approvals-none = Nothing waits for a second person.
approvals-none-context = What loses data, overrides a safety rule or gives rights comes here first.
approval-col-what = What
approval-col-state = State
approval-col-by = Asked by
approval-col-at = Since
approval-col-until = Until
approval-col-answered = Answered by, or until
approval-failover = Failover of { $lose }
approval-force = Force { $run }, failover of { $lose }
approval-override = { $run }, failover of { $lose }, against safety rules: { $rules }
approval-restore = Restore over { $db }
approval-roll-back = Roll { $service } back from { $from } to { $to }
approval-grants = More roles for { $user }
approval-why-failover = It may lose data or overrides a safety rule, so a second person allows it first.
approval-why-force = Standbys may lack what was written last, so a second person allows it first.
approval-why-override = A safety rule forbids it, so a second person allows it first.
approval-why-restore = It overwrites a live database, so a second person allows it first.
approval-why-roll-back = The older version cannot read what the newer one wrote, so a second person allows it first.
approval-why-grants = Rights are not given by one person alone, so a second admin allows them first.
approval-waiting = Waits for a second person
approval-review-due = To be looked at
approval-review-late = Nobody has looked at it
approval-approved = Approved
approval-found-right = Found right
approval-refused = Refused
approval-found-wrong = Found wrong
approval-withdrawn = Taken back
approval-expired = Expired
approval-void = Void
approval-asked = Asked by { $by }
approval-open-object = Open what it is about
approval-changed = It is not what was asked for any more.
approval-what = What would be done
approval-until = Void after
approval-due = To be looked at until
approval-bound = Bound to
approval-needs = Who may answer
approval-no-reason = None was written
approval-no-roles = none
approval-grant = { $role } { $scope }
approval-before = Roles now
approval-after = Roles then
approval-approved-by = { $by } approved it.
approval-right-by = { $by } looked at it and found it right.
approval-refused-by = { $by } refused.
approval-wrong-by = { $by } looked at it and found it wrong.
approval-withdrawn-by = { $by } took it back.
approval-expired-what = Nobody answered in time.
approval-ask-again = Ask again, if it is still wanted.
approval-void-what = It is void.
approval-own = You asked for it. A second person has to answer.
approval-share = Send the address of this page to somebody who may answer.
approval-answer = Answer
approval-withdraw = Take it back
approval-approve = Approve and start
approval-refuse = Refuse
approval-right = It was right
approval-wrong = It was not right
approval-confirm-first = You are asked first to confirm that it is you.
approval-line-plan = { $groups } { $groups ->
        [one] group
       *[other] groups
    }, { $steps } { $steps ->
        [one] step
       *[other] steps
    }, { $mode }
approval-line-group = { $id }: { $steps } { $steps ->
        [one] step
       *[other] steps
    }
approval-line-copy = Copy { $label } in { $dc } replaces what { $db } holds now
approval-line-roll-back = All requests to { $service } go back to { $to }; what only { $from } can read is lost to users
approval-line-force = { $run } goes on without waiting for data: what a standby lacks when it takes over is lost
approval-line-override = { $run } goes on although this safety rule does not hold: { $rule }
approval-line-emergency = It was done at once, in an emergency
problem-approval = { $what } waits for a second person
problem-approval-detail = { $by } asked for it. It is void after { $until } UTC.
problem-review = { $what } was done in an emergency
problem-review-detail = { $by } did it. Somebody else looks at it until { $until } UTC.
problem-review-late = { $by } did it. Nobody looked at it by { $until } UTC.

# Availability
nav-availability = Availability
availability-title = Availability
availability-title-of = Availability of { $name }
availability-note = What users saw, minute by minute, and what it cost of the budget
availability-question = How available were the services?
availability-answer = { $percent } { $window }. { $used } of { $allowed } minutes used.
availability-gross = Net of planned work; gross it is { $percent }, with { $used } min used. The target is { $target }.
availability-all-measured = All minutes were measured.
availability-not-measured = { $minutes } min were not measured, and are neither up nor down: { $worst } if all of them had been down.
availability-since = Measured since { $at }.
availability-until = Decided up to { $at }.
availability-unknown = Not measured yet.
availability-unknown-detail = Minutes are decided some minutes after they passed, when nothing that edges tell can change them any more.
availability-none = not measured
availability-fraction = { $good } of { $total }
availability-scope = { $what } in { $region }
availability-services = { $n ->
    [one] { $count } service
   *[other] { $count } services
}
availability-net = Net
availability-gross-word = Gross
availability-target = Target
availability-requests = Answered
availability-down = Down
availability-degraded = Degraded
availability-unmeasured = Not measured
availability-planned = Planned
availability-up = Up
availability-line = States over time
availability-inside = Look into
availability-resolution = One mark is { $step }, the worst state in it.
availability-col-of = Of
availability-col-from = When
availability-col-worst = Worst
availability-col-minutes = Minutes
availability-col-used = Budget used
availability-shown = { $shown } of { $all } stretches are listed, the newest.
availability-table-note = Minutes of services: a minute in which two services were down counts two. Stretches that were up throughout are left out.
availability-used = { $net } net, { $gross } gross, of { $allowed } min
availability-by-region = By region
availability-by-group = By group
availability-by-service = By service
availability-groups-of = Groups of { $name }
availability-year = In the last 365 days: { $net } net, { $gross } gross; { $used } min used net, { $used_gross } gross.
availability-year-means = { $target } leaves { $time } of a year.
minutes-short = { $n } min
window-day = in the last 24 hours
window-days = in the last { $n } days
window-24h = 24 h
window-short = { $n } d
budget-title = Error budget
budget-note = { $target } target, net of planned work
budget-left = left
budget-pace = even pace
budget-sentence = { $left } of { $allowed } minutes are left.
budget-over = Used up, and { $minutes } minutes more.
budget-requests = { $errors } of { $requests } requests failed; the target allows { $allowed }.
budget-card = Error budget 30 d
budget-card-none = No minute has been decided yet.
budget-card-used = { $used } of { $allowed } min
burn-title = How fast each budget burns
burn-col-state = State
burn-page = Burns fast
burn-ticket = Burns slowly
burn-calm = Within its pace
burn-limit = { $long } and { $short }: { $limit }
burn-note = 1 uses exactly the budget up. The number in brackets is of the short window. A person is told when both are above their limit: { $limits }.
outage-ledger = Downtime ledger
outage-ledger-note = Outages and gaps in measuring, newest first
outage-none = No outage.
outage-none-detail = Nothing was down, and all minutes that were decided were measured.
outage-older = Older ones
outage-col-id = Id
outage-col-scope = What
outage-col-start = Start
outage-col-end = End
outage-col-length = Length
outage-col-share = Requests hit
outage-col-minutes = Minutes
outage-col-cause = Cause
outage-col-counts = Counts
outage-goes-on = goes on
outage-by-probes = told by health checks
outage-share = { $percent }% ({ $errors } of { $requests }) failed
outage-counted = counted
outage-excluded = excluded from net
outage-explained = not measured, explained
outage-unexplained = not measured, unexplained
outage-title-down = { $what } was down
outage-title-planned = { $what } was down as planned
outage-title-gap = { $what } was not measured
outage-what = What it was
outage-services = Services
outage-datacenters = Data centres
outage-minutes = { $down } down, { $planned } planned, { $unmeasured } not measured; { $counted } count in what is net of planned work
outage-minutes-title = Minutes around it
outage-going-on = What was going on
outage-nothing-on = No problem was open then.
outage-audit = Audit log of the time
outage-corrections = Corrections
outage-no-corrections = Nobody has corrected what was found.
outage-before = before: { $old }
outage-correct-title = Tell what it was
outage-correct-note = Nothing is edited: this becomes a new entry on top of what stands, and an entry of the audit log.
outage-correct = Add the correction
outage-exclude = Leave it out of what is net of planned work
outage-exclude-hint = It still counts in what is gross.
outage-reason = Reason
outage-reason-hint = At least 10 characters; auditors read it.
outage-problem = Problem
outage-problem-hint = As in at-12, or empty
outage-rollout = Rollout
outage-rollout-hint = As in ro-12, or empty
outage-run = Failover
outage-run-hint = As in fo-12, or empty
outage-mistake-cause = Choose one of the causes
outage-mistake-problem = Write a problem like at-12, or leave it empty
outage-mistake-rollout = Write a rollout like ro-12, or leave it empty
outage-mistake-run = Write a failover like fo-12, or leave it empty
cause-not-told = Not told yet
cause-platform-update = Platform update
cause-infrastructure-update = Infrastructure update
cause-new-feature = New feature
cause-infrastructure-down = Infrastructure down
cause-attack = Attack
cause-natural-disaster = Natural disaster
cause-urgent-hotfix = Urgent hotfix
cause-overload = Overload
cause-human-error = Human error
cause-planned = planned
cause-unplanned = unplanned
report-title = Availability in { $month }
report-open = Report of this month
report-until = Decided up to { $at }.
report-empty = Nothing is known of this month.
report-empty-detail = No minute of it was decided, or it is longer ago than what is kept.
report-figures = Figures
report-month = The month
report-year = The year up to its end
report-both = { $net } net ({ $net_of } minutes of services), { $gross } gross ({ $gross_of }).
report-causes = By cause
report-outages = Outages
report-gross = Gross minutes
report-net = Net minutes
report-more = Only the newest { $shown } are listed.
report-how = How it is measured
report-method = A minute of a service in a region is down when at least 10% of its users' requests failed at the region's edges (a 5xx status, or no answer), degraded from 1% on. With fewer than 10 requests, or without a heard edge, the agents' health checks decide; without those it is not measured, which is neither up nor down. Planned work is downtime in what is gross and costs nothing in what is net; what a person excluded from net has a reason in the audit log. Times are UTC.
problem-burns-fast = { $service }: the error budget burns fast
problem-burns-slowly = { $service }: the error budget burns
problem-burns-detail = In the last { $window } at least { $rate } times as fast as it may. If it goes on, the target of the month is missed.
audit-outage-found = { $how ->
    [done] Found an outage or a gap
   *[tried] Tried to find outages
}
audit-outage-correct = { $how ->
    [done] Corrected what is told of an outage
   *[tried] Tried to correct what is told of an outage
}

## Runbooks
runbook-button = Runbook
kind-runbook = Runbook
kind-alias = Short link
runbooks-note = What to do when something goes wrong, step by step
runbooks-by = Order
runbooks-by-name = By name
runbooks-by-service = By service
runbooks-by-alert = By kind of problem
runbooks-filter = Name, service, kind of problem or owner
runbooks-none = No runbook matches "{ $q }".
runbooks-next = Next page
runbooks-overdue = { $n ->
    [one] 1 to review
   *[other] { $count } to review
}
runbooks-uses-unknown = When each was used is not known now
runbook-alert = Kind of problem
runbook-col-reviewed = Reviewed
runbook-col-used = Last used
runbook-never-used = Never
runbook-overdue = Not reviewed for { $age }
runbook-owned = Owner: { $owner }.
runbook-reviewed = Reviewed
runbook-library = It comes with the program.
runbook-own = It is the fleet's own.
runbook-services = About
runbook-edit = Edit...
runbook-new = Write a runbook...
runbook-edit-title = Edit the runbook { $slug }
runbook-edit-note = Saved for all servers at once, and kept as a revision
runbook-text = Text
runbook-slug = Name
runbook-slug-hint = The last part of its address: a-z, 0-9 and single hyphens. The name of one that comes with the program replaces that one.
runbook-source = Text in Markdown
runbook-source-hint = Front matter between two lines of three plus signs, then the text. Numbered items at the left margin are the steps.
runbook-reason = Why, for the audit log
runbook-save = Save the runbook
runbook-saved = The runbook is saved.
runbook-saved-detail = Revision { $revision } is in force on all servers.
runbook-same = Nothing would change: this is what is in force already.
runbook-findings = What to correct
runbook-mistakes = { $n ->
    [one] Correct the mistake that is listed above the text
   *[other] Correct the { $count } mistakes that are listed above the text
}
runbook-line = Line { $line }:
runbook-remove = Remove the fleet's own
runbook-remove-head = Remove
runbook-remove-note = If one of this name comes with the program, that is in force again.
rb-read = { $query }, read { $at } UTC
rb-values-read = Live values read { $at } UTC. Reload for newer.
rb-step = Step { $number }
rb-for = Opened from the problem
rb-for-ended = Opened from a problem that has ended
rb-link-subject = opens from a problem
rb-link-roles = { $roles } may do it
rb-none-runs = no instance runs
rb-healthy = { $healthy } of { $total } healthy
rb-healthy-unknown = { $healthy } of { $total } healthy, { $unknown } unknown
rb-no-rollout = no rollout is on
rb-rollout = { $id } to { $version } is on
rb-problems = { $n ->
    [0] none
    [one] 1 open
   *[other] { $count } open
}
rb-reporting = reporting
rb-never = never heard
rb-silent = silent since { $since }
rb-ready = ready
rb-ready-warnings = ready, with warnings
rb-ready-unknown = unknown
rb-not-ready = not ready
rb-ready-cause = { $word }: { $cause }
rb-lag = { $behind } behind in { $dc }, limit { $limit }
rb-backup-age = { $age } old, in { $dc }
rb-unknown-subject = not known: open this page from a problem
rb-unknown-there = not known: the fleet has no { $id }
rb-unknown-silent = not known: { $dc } is silent
rb-unknown-data = not known: nobody has told it yet
rb-unknown-cluster = no standby: it runs in one data centre alone
rb-unknown-copy = no copy that could be restored
run-start = Start a run
run-open = In progress
run-worked = It worked
run-partly = It worked in part
run-did-not = It did not work
runs-title = Runs of runbooks
runs-note = Who worked through which, and whether it helped
runs-all = All runs
rb-runs-older = Older runs
runs-empty = Nobody has worked through a runbook yet.
runs-empty-context = Open a runbook and start a run: it keeps what was done, when and by whom.
run-col-run = Run
run-col-runbook = Runbook
run-col-about = Problem
run-col-started = Started
run-col-by = By
run-col-steps = Steps done
run-col-outcome = Did it help
run-steps-of = { $done } of { $all }
rb-run-progress = { $done } of { $all } steps done.
run-started = Started by { $by }, { $at }.
run-runbook = The runbook as it is now
run-lost = What the runbook said cannot be shown any more.
run-note = Note on step { $number }
run-note-hint = Note
run-add-note = Add the note
run-done = Done
run-undone = Not done after all
run-done-by = Done by { $by },
run-choose = Choose
run-outcome = Did it help?
run-outcome-missing = Choose whether it helped
run-end = End of the run
run-end-note = What the next one should know
run-end-hint = At most { $most } characters.
run-finish = End the run
run-ended = Ended by { $by } after { $took },

## Short links
aliases-title = Short links
aliases-note = Names that lead to pages of this console, and stay when these move
aliases-empty = There is no short link yet.
aliases-empty-context = Make one for what you print in alerts and documents.
aliases-dead = { $n ->
    [one] 1 short link leads nowhere
   *[other] { $count } short links lead nowhere
}
aliases-dead-detail = Point it to what took the place of its target, or remove it.
alias-col-link = Link
alias-col-target = Leads to
alias-dead = Leads nowhere
alias-overdue = To review
alias-moved = Its target moved
alias-good = Good
alias-new = New short link
alias-name = Name
alias-name-hint = a-z, 0-9 and single hyphens. The link is /go/ and this name.
alias-target = Address
alias-target-hint = What follows the host in the page's address, for example /runbooks/standby-not-ready#step-2
alias-owner-hint = The team or user who looks after it
alias-note = Where it is used
alias-make = Make the short link
alias-change = Change
alias-save = Save, reviewed today
alias-save-hint = Saving says that you looked where it leads.
alias-remove = Remove { $name }
alias-remove-head = Remove
alias-changed = Changed
alias-changed-by = Changed by
problem-alias = The short link /go/{ $alias } leads nowhere
problem-alias-detail = It was used lately, and { $target } is not there any more.

## Gone
gone-title = { $what } is gone
gone-fact = This address was good once.
gone-detail = What it named is not there any more.
gone-was = What it was
gone-end = Its end
gone-ended = Ended
gone-by = By
gone-why = Why
gone-successors = What took its place
gone-no-successor = Nobody wrote down what took its place.
gone-service = The service { $id }
gone-datacenter = The data centre { $id }
gone-region = The region { $id }
gone-group = The group { $id }
gone-database = The database { $id }
gone-edge = The edge { $id }
gone-runbook = The runbook { $slug }
gone-name = It was called { $name }.
gone-in-group = It belonged to the group { $group }.
gone-in-region = It stood in { $region }.
gone-version = The fleet declared version { $version } of it.
gone-last-entry = The last that was written down of it: { $what }

approval-waiver = { $event } without the check "{ $check }"
approval-why-waiver = A check of a planned event stands open, so a second person agrees first that it goes without.
approval-line-waiver = { $event } may start although "{ $check }" does not pass, until { $until }

# Planned events
nav-events = Events
events-note = What will be changed, where and when, and the checks before it may begin
events-next = Next
events-past = Past
events-none = Nothing is planned.
events-none-context = Updates, new features and urgent fixes are planned here, so that nobody is surprised.
events-month = Events in { $name }
events-utc = days in UTC
events-more = and { $n } more
events-soon = Next 24 hours
event-named = { $id } { $title }
event-plan = Plan an event
event-plan-title = Plan an event
event-change-title = Change { $id }
event-change = Change it
event-change-open = Change…
event-change-ticks = What was ticked and waived was for the words as they are. After a change it is looked at again.
event-form = What will be done
event-col-what = What
event-col-state = State
event-col-when = When
event-col-where = Data centres
event-col-kind = Kind
event-col-by = Planned by
event-kind-platform = Platform update
event-kind-infrastructure = Infrastructure update
event-kind-feature = New feature
event-kind-hotfix = Urgent hotfix
event-kind-hint = An urgent hotfix has the same checks as any release.
event-planned = Planned
event-running = Running
event-done = Done
event-cancelled = Cancelled
event-never-started = Time passed, not started
event-never-started-detail = Change its time, or cancel it.
event-overrun = Overdue, not ended
event-title = Title
event-what = What is done
event-from = Begins
event-from-hint = UTC, like 2026-12-24 18:00; within the next { $days } days.
event-until = Ends
event-until-hint = UTC; at most { $days } days after the begin.
event-places = Data centres
event-places-hint = By their ids, with commas: { $places }.
event-services = Services
event-services-hint = A line for each: its id, and the version that comes, where one does. None: all in these data centres.
event-services-all = all in these data centres
event-out = Out of traffic
event-out-hint = These data centres serve no users meanwhile.
event-compatible = Backward compatible
event-compatible-hint = What uses these services works on unchanged.
event-effect = Expected effect
event-way-back = Way back
event-way-back-hint = How it is undone. An infrastructure update has to have one.
event-commit = Commit
event-commit-hint = The commit of the repository that has all of its configuration.
event-unwritten = not written
event-no = no
event-planned-by = Planned by { $by }
event-local = { $from } to { $until }
event-mistake-time = Write a time like 2026-12-24 18:00, in UTC.
event-mistake-id = "{ $typed }" cannot be used: { $why }.
event-start = Start
event-start-from = It may be started from { $at }.
event-started = { $by } started it at { $at }.
event-without = Without: { $names }.
event-end = End
event-end-note = How it went
event-ended = { $by } ended it at { $at }.
event-cancel = Cancel the event
event-cancelled-by = { $by } cancelled it at { $at }.
event-ready = Every check passes or is waived.
event-ready-detail = It begins at { $at }, in { $left }.
event-open = { $n ->
    [one] 1 check is open.
   *[other] { $n } checks are open.
}
event-checklist = Checklist
event-checks-count = { $open } of { $all } open
event-check = Check
event-check-why = Why
event-check-seen = As of
event-check-fix = Open
event-check-open = Open where "{ $name }" is mended
event-check-passes = Passes
event-check-fails = Does not pass
event-check-unknown = Unknown
event-check-waived = Waived
event-waived-until = Waived until { $at }.
event-check-backups-fresh = Backups are up to date
event-check-backups-proven = Backups are proven
event-check-bench = The bench passed
event-check-configuration = Configuration is in a repository
event-check-pipeline = The pipeline is current and green
event-check-nodes = Two nodes or more serve
event-check-consumers = What uses it was tested
event-check-pre-production = Pre-production came first
event-check-way-back = The way back is written
event-check-no-failover = No failover is on
event-check-gates = No lock and no freeze
event-check-collisions = No collision
event-tick = Tick a check
event-tick-note = What you looked at
event-waive = Ask to go without a check
event-waive-until = Waived until
event-waive-until-hint = UTC, like 2026-12-24 18:00; at most { $days } days ahead. A second person has to agree.
event-waivers = Waivers
event-log = { $what } ({ $who }).
event-log-note = { $what } ({ $who }): { $note }
event-log-title = What happened

## Notifications
problem-notify = The channel { $name } does not deliver
problem-notify-detail = No message arrived since { $since }. Whoever relies on it is not told of problems.
problem-notify-stopped = Its receiver said that it is gone for good, so it is not asked again. Whoever relies on it is not told of problems.
problem-snooze = Snooze
problem-snooze-title = Leave it alone for a while
problem-snooze-text = Nobody is told of it again until then, unless it becomes worse. It stays in the list.
problem-snooze-for = For
problem-snoozed = Snoozed until
problem-snoozed-by = { $until }, by { $who }
problem-wake = End the snooze
problem-flaps = Comes and goes
problem-flaps-detail = It was open { $count } times in the half hour before; it ends when it is gone for { $minutes }.
problem-told = Who was told
problem-told-none = No channel was told of it.
attention-snoozed = Snoozed
settings-notifications = Notifications
notify-note = Who is told of problems, and whether it arrives
notify-caption = Channels
notify-empty = Nobody is told of problems.
notify-empty-context = They show under Attention and nowhere else. Make a channel, and send a test over it.
notify-no-url = Messages carry no links.
notify-no-url-detail = Start the servers with --public-url, so that people reach the console from a message.
notify-networks = Networks that may be told although they are not public
notify-networks-none = None: every address has to be public, and the connection encrypted. Servers allow others with --notify-allow.
notify-channel = Channel
notify-way = By
notify-to = To
notify-last = Delivered last
notify-next = Next try
notify-never = never
notify-way-webhook = Webhook
notify-way-email = E-mail
notify-new-webhook = New webhook
notify-new-email = New mail channel
notify-new-alertmanager = New Alertmanager
notify-change-title = Change { $name }
notify-idle = Nothing sent yet
notify-active = Delivers
notify-failing = Fails since { $at }
notify-paused = Paused
notify-stopped = Stopped: its receiver is gone
notify-stopped-detail = The receiver answered 410. Resume the channel once it is there again, or remove it.
notify-fails-detail = Deliveries are tried again, { $next }. The last answer: { $answer }
notify-fails-next = next at { $at }
notify-fails-none = with the next problem
notify-given-up-count = Given up since
notify-hears = Hears
notify-hears-critical = What is critical
notify-hears-warning = Everything
notify-hears-kinds = Kinds
notify-hears-groups = Groups
notify-hears-datacenters = Data centres
notify-all = all
notify-repeats = Told again
notify-repeats-every = every { $time } while it is open
notify-repeats-never = never
notify-made = Made
notify-secret-fact = Secret
notify-secret-has = kept, and not shown
notify-secret-none = none
notify-deliveries = Deliveries
notify-deliveries-empty = Nothing was sent over it yet.
notify-deliveries-empty-context = Send a test to see whether it arrives.
notify-delivery = Delivery
notify-what = About
notify-planned = Planned
notify-state = State
notify-tries = Tries
notify-answer = Answer
notify-no-answer = none yet
notify-waiting = Waits until { $at }
notify-trying = Being tried
notify-sent = Delivered { $at }
notify-given-up = Given up { $at }
notify-content-test = Test by { $by }
notify-content-several = { $count } problems
notify-what-opened = { $title } (opened)
notify-what-worse = { $title } (became worse)
notify-what-still = { $title } (open still)
notify-what-ended = { $title } (ended)
notify-trouble-not-allowed = not sent: the address may not be told
notify-trouble-name = the name was not found
notify-trouble-connection = no connection
notify-trouble-encryption = no encrypted connection
notify-trouble-timeout = no answer in time
notify-trouble-secret = not sent: the secret cannot be opened, write it again
notify-trouble-message = not sent: the message could not be made
notify-trouble-interrupted = the server ended in the middle
notify-test = Send a test
notify-tested-sent = The test arrived.
notify-tested-failed = The test did not arrive.
notify-change = Change
notify-pause = Pause
notify-resume = Resume
notify-remove = Remove { $name }
notify-remove-title = Remove it
notify-remove-text = Nothing is sent over it any more and its secret is deleted. What was sent stays known for 90 days.
notify-rotate = Make a new secret
notify-rotate-title = Signing secret
notify-rotate-text = Messages are signed with the new one and the old one for { $hours } hours; then only with the new one.
notify-secret-shown = The signing secret of { $name }. Copy it now.
notify-secret-shown-detail = It is shown this once. Whoever has it can make messages that look like Mainstay's.
notify-secret-label = Secret
notify-done-created = The channel stands. Send a test over it.
notify-done-changed = The channel was changed.
notify-done-paused = The channel is paused. Nothing is sent over it.
notify-done-resumed = The channel delivers again.
notify-done-removed = The channel was removed.
notify-field-name = Name
notify-field-url = Address
notify-field-url-hint = https, public; other networks only as the servers allow
notify-field-am-hint = The base of the Alertmanager, like https://alerts.example.org
notify-field-host = Mail server
notify-field-port = Port
notify-field-security = Encryption
notify-security-start-tls = STARTTLS, required
notify-security-tls = TLS from the beginning
notify-security-none = none, in allowed networks only
notify-field-user = User of the mail server
notify-field-user-hint = Empty: nobody signs in
notify-field-password = Password of the mail server
notify-field-token = Bearer token
notify-field-secret-hint = Empty: none
notify-field-secret-keep = Empty: the one that it has
notify-field-from = From
notify-field-to = To, with commas
notify-field-least = Hears of
notify-field-groups = Only these groups
notify-field-datacenters = Only these data centres
notify-field-ids-hint = Ids as the fleet has them, with commas; empty: all
notify-field-kinds = Only these kinds of problems
notify-field-kinds-hint = Like service-down, traffic-dropped; empty: all
notify-field-repeat = Tell again after minutes
notify-field-repeat-hint = 0: never. At most { $most }.
notify-create = Make the channel
notify-save = Save
field-address = address
field-server = mail server
field-port = port
field-mailbox = address of the mailbox
field-secret = secret
field-group = group
mistake-web-address = Write an address like https://hooks.example.org/mainstay, without a user, a password or a #.
mistake-mailbox = Write mailboxes like on-call@example.org.
mistake-not-public = This address is not public. Choose another one, or have its network allowed with --notify-allow.
mistake-not-encrypted = Choose an encrypted connection (https, TLS), or have the network allowed with --notify-allow.
mistake-secret-again = Write the secret again: the one that is kept is not shown to another server, user or connection.
audit-problem-snooze = { $how ->
    [done] Snoozed a problem, or ended that
   *[tried] Tried to snooze a problem
}
audit-channel-create = { $how ->
    [done] Made a channel of notifications
   *[tried] Tried to make a channel of notifications
}
audit-channel-change = { $how ->
    [done] Changed a channel of notifications
   *[tried] Tried to change a channel of notifications
}
audit-channel-pause = { $how ->
    [done] Paused a channel of notifications
   *[tried] Tried to pause a channel of notifications
}
audit-channel-resume = { $how ->
    [done] Resumed a channel of notifications
   *[tried] Tried to resume a channel of notifications
}
audit-channel-remove = { $how ->
    [done] Removed a channel of notifications
   *[tried] Tried to remove a channel of notifications
}
audit-channel-rotate = { $how ->
    [done] Made a new signing secret of a channel
   *[tried] Tried to make a new signing secret of a channel
}
audit-channel-test = { $how ->
    [done] Sent a test over a channel
   *[tried] Tried to send a test over a channel
}
audit-channel-stop = { $how ->
    [done] Stopped a channel whose receiver is gone
   *[tried] Tried to stop a channel
}
audit-delivery-give-up = { $how ->
    [done] Gave a notification up
   *[tried] Tried to give a notification up
}

# The past
snapshot = Snapshot
snapshot-title = This is how it was on { $at }
snapshot-detail = Read-only: what ran where, which agents were heard, which problems were open. Measurements, rollouts, databases and traffic are not kept.
snapshot-earlier = 1 min earlier
snapshot-later = 1 min later
snapshot-go-live = Go live
refusal-past = This is the past. Go live to act.
unrecorded = Nothing is known of that moment.
unrecorded-detail = Nobody wrote down what ran where on { $at }: no server led then, or it is more than 31 days ago.
unrecorded-before = Last known before: { $at }
unrecorded-after = First known after: { $at }
moment-unreadable = “{ $value }” is no moment. Write it like 2026-11-20T03:12:07Z.
moment-ahead = { $at } has not come yet.
keys-moment = copy a link to this page as it is at this moment
problem-then = As it was
problem-then-link = when it began
settings-pipelines = Pipelines
pipelines-note = Who may report of delivery pipelines, and what they said
pipelines-caption = Sources
pipelines-empty = Nobody reports of pipelines.
pipelines-empty-context = The check of a pipeline is what a person says. Make a source, and its reports answer it.
pipeline-source = Name
pipeline-format = Sends as
pipeline-format-generic = Anything that signs
pipeline-below = Repositories
pipeline-below-all = all
pipeline-below-hint = The address of one, or where all of them begin, like github.com/acme. Empty: all
pipeline-state = State
pipeline-state-heard = Heard
pipeline-state-refused = The last one was refused
pipeline-state-silent = Nothing sent yet
pipeline-accepted = Accepted last
pipeline-refused = Refused last
pipeline-never = never
pipeline-new = New source
pipeline-create = Make the source
pipeline-refused-signature = the signature was wrong
pipeline-refused-stale = it was too old
pipeline-refused-malformed = it could not be read
pipeline-refused-elsewhere = not of its repositories
pipeline-refused-many = too many at once
pipeline-setup = How to set it up
pipeline-setup-github = In the repository or the organisation, open Settings, Webhooks, Add webhook. Payload URL: the address below; content type: application/json; secret: the one that was shown here. Choose single events, and of them workflow runs.
pipeline-setup-gitlab = In the project or the group, open Settings, Webhooks, Add new webhook. URL: the address below; secret token: the one that was shown here. Choose pipeline events.
pipeline-setup-generic = Send JSON to the address below, signed as Standard Webhooks say. A last step of the pipeline does it, with the secret in MAINSTAY_SECRET:
pipeline-messages = Messages
pipeline-messages-empty = No message was signed by it yet.
pipeline-messages-empty-context = What is signed wrongly is only counted; the facts beside say when one was refused last.
pipeline-when = When
pipeline-event = Kind
pipeline-verdict = Answer
pipeline-said = What it says
pipeline-taken = Taken
pipeline-known = Known before
pipeline-left = Left
pipeline-running = runs
pipeline-passed = passed
pipeline-failed = did not pass
pipeline-made = Made
pipeline-overlap = The secret before counts until
pipeline-rotate-title = Secret
pipeline-rotate = Make a new secret
pipeline-rotate-text = The one before counts beside it for { $hours } hours; then only the new one.
pipeline-remove-title = Remove it
pipeline-remove = Remove { $name }
pipeline-remove-text = Its secret is deleted, and what it said of commits counts no more.
pipeline-secret-shown = The secret of { $name }. Copy it now.
pipeline-secret-detail = It is shown this once. Whoever has it can say that a pipeline passed.
pipeline-secret-label = Secret
pipeline-done-removed = The source was removed. Nothing of it is taken any more.
mistake-repository = Write the address of a repository, like https://git.example.org/shop, without a password.
audit-pipeline-source-create = { $how ->
    [done] Made a source of reports of pipelines
   *[tried] Tried to make a source of reports of pipelines
}
audit-pipeline-source-rotate = { $how ->
    [done] Made a new secret of a source of pipelines
   *[tried] Tried to make a new secret of a source of pipelines
}
audit-pipeline-source-remove = { $how ->
    [done] Removed a source of reports of pipelines
   *[tried] Tried to remove a source of reports of pipelines
}
audit-pipeline-report = { $how ->
    [done] Reported a run of a pipeline
   *[tried] Tried to report a run of a pipeline
}
event-repository = Repository
event-repository-hint = The address of the repository that has it, like https://git.example.org/shop. It is asked for the commit.
start-event = Planned event
start-event-none = It belongs to none
start-event-hint = The rollout shows on its page. Some services ask for checks of one.
start-fixes = What holds it back
event-owned = What belongs to it
event-owned-none = No rollout and no failover belongs to it yet.
event-owned-what = What
event-start-rollout = Start the rollout of { $service }...
event-of = Part of
