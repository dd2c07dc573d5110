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
of-total = { $n } of { $total }
not-measured = not measured

## Vendors, needs, roles
vendor-on-premises = on premises
vendor-cloud = { $name } cloud
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

## Shell
product = Mainstay
skip = Skip to content
nav-label = Main
nav-overview = Overview
nav-topology = Topology
nav-attention = Needs attention
nav-audit = Audit log
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
live-newer-detail = The list stays still until you ask.
store-away = The state store does not answer.
store-away-detail = You see the state of { $at }, { $age } old. Actions wait until it is back.
clock-local = { $time } { $city }
printed-by = Printed by { $name } at { $at } UTC
printed = Printed at { $at } UTC
title = { $page } · { $product }
error-title = Error: { $title }
loaded-noscript = Without script this page does not update by itself.

## Palette and keys
palette-title = Find
palette-label = Go to a service, place or page
palette-empty = Nothing by that name. Enter searches everything.
palette-go = Go to
palette-objects = Objects
keys-title = Keys
keys-close = Close
keys-find = find: jump, search
keys-go = go to
keys-rows = next row, previous row, open
keys-matrix = move in the matrix
keys-clock = switch UTC and local time
keys-nav = collapse the navigation
keys-link = copy the link to this page
keys-newer = show newer rows
keys-filter = go to the filter
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
