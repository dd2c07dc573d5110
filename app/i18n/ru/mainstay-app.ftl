# The console's words, in Russian. Beside each English message stands one with the same id and the same
# arguments; numbers arrive ready made ("1 204"), next to a bare number where a plural depends on it.

## States
status-failing = Отказ
status-degraded = Деградация
status-unknown = Неизвестно
status-planned = По плану
status-updating = Обновляется
status-healthy = Исправно
status-count-failing = отказ: { $count }
status-count-degraded = деградация: { $count }
status-count-unknown = неизвестно: { $count }
status-count-planned = выводится: { $count }
status-count-updating = обновляется: { $count }
status-count-healthy = исправно: { $count }
state-starting = Запускается
state-serving = Обслуживает
state-unhealthy = Не проходит проверку работоспособности
state-waiting = Перезапуск: { $at }
state-draining = Выводится из работы
cause-exited = завершился с кодом { $code }
cause-killed = завершён сигналом { $signal }
cause-vanished = исчез, как именно — неизвестно
cause-not-started = не удалось запустить: { $message }
cause-health-status = проверка работоспособности: ответ { $code }
cause-health-timeout = проверка работоспособности: нет ответа за { $after }
cause-health-refused = проверка работоспособности: нет соединения: { $message }
contact-never = Агент ещё ни разу не выходил на связь
contact-reporting = На связи
contact-silent = Не на связи с { $since }

## Numbers and times
list-separator = ,{ " " }
duration-ms = { $n } мс
duration-s = { $n } с
duration-min = { $n } мин
duration-h = { $n } ч
duration-d = { $n } д
months = янв. февр. мар. апр. мая июн. июл. авг. сент. окт. нояб. дек.
weekdays = пн вт ср чт пт сб вс
utc = { $time } UTC
since = с { $at }
bytes-kb = { $n } кБ
bytes-mb = { $n } МБ
bytes-gb = { $n } ГБ
cpu-cores = { $n } CPU
cpu-percent = { $n }% CPU
not-measured = не измеряется

## Vendors, needs, roles
vendor-on-premises = своя площадка
need-warehouses = склады
need-couriers = курьеры
role-viewer = наблюдатель
role-operator = оператор
role-approver = согласующий
role-auditor = аудитор
role-admin = администратор
role-or = { $first } или { $last }
scope-everywhere = везде
scope-groups = группы { $names }
scope-datacenters = дата-центры { $names }
scope-both = группы { $groups } в дата-центрах { $datacenters }

## Refusals
refusal-sign-in = Сначала войдите.
refusal-role = Нужна роль: { $roles }. У вас её нет.
refusal-scope = Ваша роль «{ $role }» действует не везде, а только здесь: { $scope }. За дополнительными правами обратитесь к администратору.

## Problems: a title, and what it means
problem-silent = { $dc } не на связи
problem-silent-detail = { $n ->
    [one] Связи нет с { $since }. { $count } экземпляр показан как неизвестный и не считается исправным.
    [few] Связи нет с { $since }. { $count } экземпляра показаны как неизвестные и не считаются исправными.
    [many] Связи нет с { $since }. { $count } экземпляров показаны как неизвестные и не считаются исправными.
   *[other] Связи нет с { $since }. { $count } экземпляра показаны как неизвестные и не считаются исправными.
}
problem-never = { $dc } ни разу не выходил на связь
problem-never-detail = Дата-центр объявлен в парке, но ни один агент оттуда не подключался. Что там работает, неизвестно.
problem-failing = { $service } в { $dc }: отказ экземпляров, { $failing } из { $total }
problem-failing-detail = { $n ->
    [0] В { $dc } ни один экземпляр { $service } не обслуживает запросы.
    [one] Там ещё обслуживает { $serving } экземпляр.
    [few] Там ещё обслуживают { $serving } экземпляра.
    [many] Там ещё обслуживают { $serving } экземпляров.
   *[other] Там ещё обслуживают { $serving } экземпляра.
}
problem-failing-cause = { $detail } Причина: { $cause }.
problem-too-few = { $service } в { $dc }: обслуживает узлов { $serving } из { $wanted }
problem-too-few-detail = { $n ->
    [0] В { $dc } ни один экземпляр { $service } не обслуживает запросы.
    [1] Потеря ещё одного экземпляра остановит сервис в { $dc }.
    [one] Парк требует не меньше { $wanted }.
    [few] Парк требует не меньше { $wanted }.
    [many] Парк требует не меньше { $wanted }.
   *[other] Парк требует не меньше { $wanted }.
}
problem-misplaced = { $service } работает в { $dc }, хотя там не размещается
problem-misplaced-detail-local = { $n ->
    [one] { $count } экземпляр работает
    [few] { $count } экземпляра работают
    [many] { $count } экземпляров работают
   *[other] { $count } экземпляра работают
} в регионе, где нет того, ради чего нужен сервис.
problem-misplaced-detail = { $n ->
    [one] Там остался { $count } экземпляр
    [few] Там осталось { $count } экземпляра
    [many] Там осталось { $count } экземпляров
   *[other] Там осталось { $count } экземпляра
}; по парку их там быть не должно.
problem-one-left = { $service } обслуживает запросы только из { $dc }
problem-one-left-detail = Потеря { $dc } остановит { $service } для всех пользователей. Распределённые сервисы работают не меньше чем в двух дата-центрах.
problem-down = { $service } нигде не обслуживает запросы
problem-down-detail = Ни в одном дата-центре нет обслуживающего экземпляра.
problem-mixed = { $service } в { $dc }: работают разные версии, { $count }
problem-mixed-detail = Одновременно работают { $versions }, а обновление не идёт.
problem-rewound = Хранилище состояния вернулось в прошлое
problem-rewound-detail = { $n ->
    [one] В базе данных нет { $count } решения, которое агенты выполнили: { $places }.
    [few] В базе данных нет { $count } решений, которые агенты выполнили: { $places }.
   *[many] В базе данных нет { $count } решений, которые агенты выполнили: { $places }.
} Ничего не решается, пока человек не разрешит продолжать с того, что знает хранилище.
problem-audit = Журнал аудита — не тот, который засвидетельствовал { $dc }
problem-audit-detail = Агент хранит подписанную контрольную точку (записей: { $witnessed }), а предложенная (записей: { $offered }) её не продолжает. Обнаружено: { $at }. Записи до неё изменены или удалены. Обе точки агент хранит как доказательство в своём каталоге данных.
problem-paused = { $service }: выкат { $version } приостановлен
problem-paused-detail = { $why } { $next }
problem-stuck = { $service } не возвращается на { $version }
problem-stuck-detail = Половина узлов { $to } или больше не поднимается, поэтому пользователи остаются на { $from }. Выясните, что мешает запуску, или отмените откат.
problem-rolling-back = { $service }: { $version } автоматически откатывается
problem-rolling-back-detail = Запросы возвращаются на стабильную версию. { $why }
problem-rolled-back = { $service }: { $version } автоматически откачена
problem-rolled-back-detail = Отменить откат можно до { $until }. { $why }
problem-edge-refuses = { $edge } отвергает конфигурацию
problem-edge-refuses-detail = Работает с последней принятой конфигурацией. Ответ прокси: { $message }
problem-edge-gone = { $edge } не подключён
problem-edge-gone-detail = Не подключён с { $since }. { $left } Если прокси ещё работает, он раздаёт запросы по последним полученным долям, и откат до него не дойдёт.
problem-edge-unseen = { $edge } ни разу не подключался
problem-edge-unseen-detail = Он объявлен в парке, но под этим именем никто не подключался. { $left }
problem-edge-left = { $n ->
    [0] В { $region } не подключён ни один граничный прокси.
    [one] В { $region } подключён ещё { $count } граничный прокси.
    [few] В { $region } подключены ещё { $count } граничных прокси.
    [many] В { $region } подключены ещё { $count } граничных прокси.
   *[other] В { $region } подключены ещё { $count } граничных прокси.
}

## Shell
product = Mainstay
skip = К содержимому
nav-label = Главное меню
nav-overview = Обзор
nav-topology = Топология
nav-attention = Требует внимания
nav-audit = Журнал аудита
nav-runbooks = Ранбуки
nav-settings = Настройки
nav-count = { $n ->
    [one] { $count } проблема
    [few] { $count } проблемы
    [many] { $count } проблем
   *[other] { $count } проблемы
}
nav-build = Сборка { $version }
nav-keys = Клавиши: { $key }
find-hint = Найти сервис, место или страницу
find-label = Поиск
account = { $initials }, вход выполнен: { $name }
sign-in = Войти
loaded = Загружено: { $at }
reload = Обновить
live = На связи
live-reconnecting = Переподключение
live-old = Данные устарели
live-signed-out = Сеанс завершён
live-old-title = Обновления не приходят.
live-old-detail = Показано состояние на { $at } UTC. Идёт переподключение. Действия доступны: каждое сначала сверяется с текущим состоянием.
live-try = Повторить сейчас
live-back = Связь восстановлена.
live-newer = Новее: { $count }.
live-show = Показать
live-problems = Новых проблем: { $count }. Отказов: { $failing }.
live-failing = отказ: { $failing }
live-outdated = Готова новая версия консоли.
store-away = Хранилище состояния не отвечает.
store-away-detail = Показано состояние на { $at }, оно устарело на { $age }. Действия станут доступны, когда хранилище вернётся.
policy-days = Сутки политик резервного копирования проходят здесь за { $day }.
policy-days-detail = Время копирования указано по политикам; журнал аудита и имена копий — по реальному времени.
policy-ahead = Политики резервного копирования опережают здесь календарь на { $ahead }.
clock-local = { $time } { $city }
times-local = Показывать время в списках по часам: { $city }
times-utc = Показывать время в списках по UTC
printed-by = Напечатано: { $name }, { $at } UTC
printed = Напечатано: { $at } UTC
title = { $page } · { $product }
error-title = Ошибка: { $title }

## Palette and keys
palette-title = Поиск
palette-label = Перейти к сервису, месту или странице
palette-empty = С таким именем ничего нет. Enter — искать везде.
palette-go = Перейти
palette-objects = Объекты
palette-actions = На этой странице
palette-recent = Недавние страницы
palette-elsewhere = В других местах
find-roll-back = Откатить { $name }…
find-start-rollout = Запустить выкат { $name }…
find-run-bench = Проверить версию { $name } на стенде…
find-fail-over = Запустить переключение с { $name }…
find-back-up = Сделать копию { $name } сейчас…
keys-title = Клавиши
keys-close = Закрыть
keys-find = поиск: переход, поиск по имени
keys-go = перейти:
keys-rows = следующая строка, предыдущая, открыть
keys-matrix = двигаться по матрице
keys-nav = свернуть меню
keys-link = скопировать ссылку на эту страницу
keys-newer = показать более новые строки
keys-filter = перейти к фильтру
keys-times = показывать время в списках по UTC или в вашем поясе
keys-help = эта справка
copied = Ссылка скопирована.

## Blocks
no-permission = Вам доступен просмотр, но не действия.
error-reference = Код обращения: { $reference }.
pager-next = Следующие { $count }
pager-first = Первая страница
dropped-filter = Фильтр { $name }: значение «{ $value }» здесь неизвестно, оно не учтено.
form-errors = { $n ->
    [one] Исправьте { $count } ошибку
    [few] Исправьте { $count } ошибки
    [many] Исправьте { $count } ошибок
   *[other] Исправьте { $count } ошибки
}
chart-no-data = нет данных
chart-table = Таблица
chart-time = Время, UTC
crumbs-label = Где находится страница
pager-label = Страницы
diff-same = Различий нет.
diff-label = До и после
diff-before = До
diff-after = После
nav-label-bottom = Главное меню, малый экран

## Lists
open-subject = Открыть: { $name }
take-it = Взять
release-it = Вернуть
nobody = пока никто
ended = завершено
since-word = с
fleet = Парк
fleet-dc = ДЦ
fleet-instances = Экземпляры, худшие вверху
fleet-healthy = Исправно
instances = Экземпляры
no-instances = экземпляров нет
not-placed = не размещается
percent = { $n }%
in-place = { $service } в { $dc }
col-instance = Экземпляр
col-instances = Экземпляры
col-service = Сервис
col-group = Группа
col-dc = Дата-центр
col-region = Регион
col-state = Состояние
col-version = Версия
col-since = Начиная с
col-restarts = Перезапуски
col-cpu = Процессор
col-memory = Память
col-nodes = Нужно узлов
col-load = Нагрузка
col-healthy = Исправно
col-vendor = Провайдер
col-contact = Связь
col-owner = Ответственный

## Overview
overview-note = Регионов: { $regions }, дата-центров: { $datacenters }, сервисов: { $services }, экземпляров: { $instances }
overview-question = В каком состоянии система?
overview-calm = Экземпляров работает, как объявлено: { $instances }.
overview-bare = Парк ещё не объявлен.
overview-bare-detail = Mainstay покажет, что где работает, когда файл парка задаст, что должно работать.
overview-bare-action = Применить файл парка
reporting-all = { $n ->
    [1] Единственный дата-центр на связи.
    [one] На связи все дата-центры: { $total }.
    [few] На связи все дата-центры: { $total }.
    [many] На связи все дата-центры: { $total }.
   *[other] На связи все дата-центры: { $total }.
}
reporting-some = На связи { $n } из { $total } дата-центров.
need-none = Ничего не требует внимания.
need-some = { $n ->
    [one] { $count } проблема требует внимания.
    [few] { $count } проблемы требуют внимания.
    [many] { $count } проблем требуют внимания.
   *[other] { $count } проблемы требуют внимания.
}
attention-order = Сначала худшие, затем давние
attention-all = Все проблемы
attention-last = Последняя проблема завершилась: { $at }.
attention-never = Проблем ещё не было.

## Placement
placement = Размещение
rule-local = { $n ->
    [one] { $count } локальный сервис работает только там, где есть нужное для него; { $lacks }.
    [few] { $count } локальных сервиса работают только там, где есть нужное для них; { $lacks }.
    [many] { $count } локальных сервисов работают только там, где есть нужное для них; { $lacks }.
   *[other] { $count } локального сервиса работают только там, где есть нужное для них; { $lacks }.
}
rule-local-lacks = { $need } отсутствуют в { $regions }
rule-local-everywhere = { $n ->
    [one] { $count } локальный сервис работает в каждом регионе, где он нужен.
    [few] { $count } локальных сервиса работают в каждом регионе, где они нужны.
    [many] { $count } локальных сервисов работают в каждом регионе, где они нужны.
   *[other] { $count } локального сервиса работают в каждом регионе, где они нужны.
}
rule-local-astray = Локальные сервисы работают там, где не размещаются: { $cells }.
rule-distributed = { $n ->
    [one] { $count } распределённый сервис обслуживает запросы не меньше чем из двух дата-центров.
    [few] Все { $count } распределённых сервиса обслуживают запросы не меньше чем из двух дата-центров.
    [many] Все { $count } распределённых сервисов обслуживают запросы не меньше чем из двух дата-центров.
   *[other] Все { $count } распределённого сервиса обслуживают запросы не меньше чем из двух дата-центров.
}
rule-distributed-narrow = Обслуживаются из одного дата-центра или ни из одного: { $names }.
rule-distributed-unknown = Неизвестно, обслуживаются ли из двух дата-центров: { $names }. Не со всеми дата-центрами есть связь.
rule-nodes = Нужное число узлов есть во всех местах: { $total }.
rule-nodes-short = { $n ->
    [0] Нужное число узлов есть в { $full } из { $total } мест. Не хватает: { $first }.
    [one] Нужное число узлов есть в { $full } из { $total } мест. Не хватает: { $first } и ещё { $more }.
    [few] Нужное число узлов есть в { $full } из { $total } мест. Не хватает: { $first } и ещё { $more }.
    [many] Нужное число узлов есть в { $full } из { $total } мест. Не хватает: { $first } и ещё { $more }.
   *[other] Нужное число узлов есть в { $full } из { $total } мест. Не хватает: { $first } и ещё { $more }.
}
rule-nodes-rest = { $n ->
    [one] Ещё неизвестно: { $unknown }.
    [few] Ещё неизвестно: { $unknown }.
    [many] Ещё неизвестно: { $unknown }.
   *[other] Ещё неизвестно: { $unknown }.
}
rule-nodes-unknown = Нужное число узлов есть в { $full } из { $total } мест. Неизвестно: { $unknown }.
absent-need = здесь не размещается: в регионе отсутствуют { $need }
absent-named = здесь не размещается: в парке указаны только { $regions }
absent-distributed = здесь не размещается: работает в { $datacenters }
filter-clear = Сбросить фильтр
filter-status = Фильтр по состоянию
attention-open = Открытые
attention-open-context = Новые проблемы появляются здесь сами.
attention-filtered = Нет открытых проблем с состоянием «{ $status }».
attention-ended = Недавно завершились
ended-word = Завершено
problem-began = Началась
problem-lasted = Длилась
problem-ended = Завершилась
problem-about = Касается
problem-meaning = Что это значит
problem-history = История
problem-history-link = Что было сделано
facts = Сведения
unknown-word = неизвестно
not-in-fleet = Не входит в парк
region-note = { $local } ({ $zone }). Здесь есть: { $has }.
region-has-none = ни складов, ни курьеров
region-tree = Что здесь работает
region-place = Дата-центр, группа, сервис
region-datacenters = Дата-центры
region-vendors = Инфраструктура
region-absent = Здесь не размещается
dc-services = Сервисы
dc-agent = Агент
dc-healthy = Исправные экземпляры за последний час
dc-silent-detail = Последняя связь: { $at }. Всё, что там работает, показано на этот момент и считается неизвестным.
dc-never-detail = Что там работает, неизвестно, пока не подключится агент.
instances-order = Сначала худшие
chart-empty = Измерений ещё нет.
chart-sentence = { $value } на { $at }; до этого от { $low } до { $high }.
open = Открыть
yes = да
front = внешний
col-datacenters = Дата-центры
group-note = Восстанавливается по порядку номером { $priority } из { $groups }.
group-services = Сервисы
group-order = Порядок восстановления
placement-everywhere = Работает во всех дата-центрах: { $count }.
placement-distributed = Работает в { $names }.
placement-local = Работает там, где есть { $need }.
placement-local-named = Работает там, где есть { $need }: { $names }.
service-undeclared = Сервис не объявлен в парке, но работает.
service-places = Где работает
service-recovery = Номер в восстановлении
service-version = Заданная версия
service-nodes = Узлов в каждом дата-центре
service-front = Доступен пользователям напрямую
service-running = Работает
version-count = { $version } ({ $count })
cell-absent = Сервиса здесь нет, и это правильно.
cell-empty = Ни одного экземпляра здесь не работает.
cell-empty-detail = По парку нужно узлов: { $wanted }.
cell-unheard = С { $dc } нет связи.
inspector-label = Выбрано: { $name }
instance-now = Состояние
instance-endpoint = Адрес
instance-handle = Процесс
instance-heard = Последняя связь
replace = Заменить…
replace-unheard = С { $dc } нет связи, поэтому заменить экземпляр нельзя.
replace-draining = Экземпляр уже выводится из работы.
replace-title = Замена { $id }
replace-note = Ничего ещё не запущено.
replace-head = Замена
replace-do = Заменить экземпляр
replace-keep = Не заменять
replace-failed = Экземпляр не заменён
what-happens = Что произойдёт
replace-drain = Экземпляр перестанет принимать запросы и завершит начатые.
replace-stop = Экземпляр будет остановлен.
replace-start = Его место займёт новый процесс версии { $version }; он должен пройти проверку работоспособности.
replace-others = { $n ->
    [one] Тем временем там обслуживает ещё { $count } экземпляр.
    [few] Тем временем там обслуживают ещё { $count } экземпляра.
    [many] Тем временем там обслуживают ещё { $count } экземпляров.
   *[other] Тем временем там обслуживают ещё { $count } экземпляра.
}
replace-none-left = Других обслуживающих экземпляров { $service } в { $dc } нет: пока новый не станет исправен, запросы там никто не обслужит.
reason = Причина, сохраняется в журнале аудита
reason-hint = Необязательно.
reason-too-long = Введите не больше { $most } символов.
replace-changed = Ничего не сделано. Там уже другой процесс: экземпляр заменили после того, как вы открыли форму.
replace-old-form = Ничего не сделано. Откройте форму заново, чтобы сверить её с тем, что работает сейчас.
kind-page = Страница
find-title = Поиск «{ $q }»
find-what = Введите часть имени.
find-what-detail = Поиск идёт по сервисам, дата-центрам, регионам, группам, экземплярам и страницам.
find-none = С именем «{ $q }» ничего нет.
find-none-detail = Достаточно части имени. Завершённые проблемы ищутся по id, например at-1042.
find-more = первые { $count }

## Error pages
error-401 = Чтобы увидеть эту страницу, войдите.
error-401-detail = После входа вы вернётесь сюда.
error-forgery = Ничего не сделано.
error-forgery-detail = Форма устарела или отправлена не из этой консоли. Откройте страницу заново и отправьте форму с неё.
error-404 = Такой страницы нет.
error-404-detail = { $path } не соответствует ничему, что известно Mainstay. Возможно, в адресе опечатка.
error-400 = Запрос не распознан.
error-405 = Ничего не сделано.
error-405-detail = Этот адрес принимает только { $methods }.
error-408 = Ничего не сделано.
error-408-detail = Данные не пришли за { $seconds } с. Отправьте их ещё раз по более надёжному соединению.
error-409 = Ничего не сделано.
error-410 = { $what } больше не существует.
error-413 = Ничего не сделано.
error-413-detail = Отправлено больше, чем { $limit }.
error-422 = Ничего не сделано.
error-429 = Слишком много попыток.
error-429-detail = Подождите минуту и повторите. Ничего не сделано.
error-500 = Страницу не удалось построить.
error-500-detail = Ошибка записана в журнал сервера. На то, что работает в дата-центрах, она не влияет.
error-late = Сервер не ответил вовремя.
error-late-detail = Действие могло выполниться, а могло и нет: проверьте, прежде чем повторять.
error-503 = Хранилище состояния не отвечает.
error-503-detail = Ничего не сделано. То, что работает в дата-центрах, продолжает работать. Повторите через минуту.

## Sign-in
sign-in-title = Вход
sign-in-next = После входа откроется { $path }.
sign-in-name = Имя пользователя
sign-in-password = Пароль
sign-in-wrong = Имя пользователя и пароль не подходят друг к другу. Введите их заново.
sign-in-wait = { $n ->
    [one] Слишком много попыток. Подождите { $count } секунду и повторите.
    [few] Слишком много попыток. Подождите { $count } секунды и повторите.
    [many] Слишком много попыток. Подождите { $count } секунд и повторите.
   *[other] Слишком много попыток. Подождите { $count } секунды и повторите.
}
sign-in-busy = Сейчас входит много людей. Повторите через несколько секунд.
sign-in-away = Хранилище состояния не отвечает, поэтому войти сейчас нельзя. То, что работает, продолжает работать.
sign-out = Выйти
sign-in-passkey-wrong = Этот ключ доступа не открывает здесь ни одной учётной записи, или прошло больше 5 минут. Попробуйте ещё раз или введите имя и пароль.
sign-in-provider = Войти через { $name }
sign-in-provider-away = Служба входа не отвечает и не может подтвердить, кто вы. Войдите по имени пользователя и паролю.
sign-in-provider-refused = Служба входа не подтвердила, кто вы. Начните заново или войдите по имени пользователя и паролю.
sign-in-stranger = Ни одна открытая учётная запись здесь не связана с вашей личностью в этой службе. Войдите по имени пользователя и паролю и свяжите её в разделе «Настройки», «Вторые факторы». Если учётной записи нет, попросите администратора.
provider-going-title = Переход: { $name }
provider-going = { $name } спросит, кто вы, и вернёт вас сюда.
provider-going-open = Перейти: { $name }
provider-back-title = Возвращение: { $name }
provider-back = { $name }: ответ получен. Продолжите, чтобы войти.
provider-back-link = { $name }: ответ получен. Продолжите, чтобы связать вашу личность там с учётной записью здесь.
provider-back-do = Продолжить
provider-denied-title = { $name }: личность не подтверждена
provider-denied = Ничего не сделано. Начните заново, когда захотите.
second-title = Второй шаг
second-code = Код
second-code-hint = Шесть цифр из приложения-аутентификатора или один из кодов восстановления.
second-wrong = Этот код или ключ доступа не от этой учётной записи. Введите код, который приложение показывает сейчас.
second-used = Этот код уже использован, а каждый действует один раз. Дождитесь следующего, не дольше 30 секунд.
second-over = Вход длился больше 5 минут, или учётную запись за это время изменили. Начните заново.
second-again = Начать заново
passkey-use = Использовать ключ доступа
passkey-sign-in = Войти с ключом доступа
passkey-needs-script = Для ключа доступа нужен JavaScript, а он здесь не работает. Всё остальное работает и без него.
passkey-unsupported = Этот браузер не знает ключей доступа или знает слишком старые.
passkey-waiting = Браузер запрашивает ключ доступа.
passkey-failed = Ключ доступа не использован: браузер или устройство отказали. Попробуйте ещё раз или войдите иначе.
confirm-title = Подтвердите, что это вы
confirm-why = Следующее действие может нанести большой ущерб, поэтому консоль ещё раз проверяет, кто вы. Подтверждение действует { $minutes } мин.
confirm-do = Продолжить как { $name }
confirm-wrong-code = Пароль и код не относятся вместе к { $name }. Введите оба ещё раз.
confirm-wrong = Это не пароль пользователя { $name }. Введите его заново.
confirm-needed = Ничего не сделано: нужно подтверждение личности не старше { $minutes } мин. Войдите в консоль, откройте { $path } и повторите действие.
confirm-token = Ничего не сделано: это делает человек, вошедший в консоль; API-токен не подходит.

## Mistakes in forms: one sentence each, which says what to write
field-name = имя
field-user-name = имя пользователя
field-display-name = отображаемое имя
field-password = пароль
field-current = текущий пароль
field-ids = идентификаторы
field-minutes = минуты
field-days = дни
field-time-zone = часовой пояс
field-passkey-name = имя ключа доступа
field-datacenter = дата-центр
field-value = значение
mistake-missing = Заполните поле «{ $field }».
mistake-form = Поле «{ $field }»: только a–z, 0–9 и одиночные дефисы, первой идёт буква.
mistake-ids = Введите идентификаторы, как в парке, через запятую.
mistake-line = Заполните поле «{ $field }» в одну строку.
mistake-short = Поле «{ $field }»: введите не меньше { $n } символов.
mistake-long = Поле «{ $field }»: введите не больше { $n } символов.
mistake-taken = Поле «{ $field }»: такое значение уже занято. Введите другое.
mistake-current = Это не ваш текущий пароль. Введите текущий.
mistake-same = Введите пароль, который отличается от имени пользователя.
mistake-role = Выберите хотя бы одну роль.
mistake-beyond = Выбирайте только те роли и места, которые есть у вас.
mistake-zone = Введите название часового пояса, например Europe/Berlin.
mistake-range = Введите число от { $least } до { $most }.
mistake-choice = Выберите один из предложенных вариантов.
mistake-config = Укажите, работает ли конфигурация с обеими версиями.
mistake-code = Введите шесть цифр, которые приложение показывает сейчас. Если каждый раз не те, настройте часы устройства.
mistake-over = Прошло больше 5 минут, или это завершено в другой вкладке. Начните заново.
mistake-passkey = Устройство не создало ключа доступа. Попробуйте ещё раз.
mistake-identity = Эта личность уже связана здесь с другой учётной записью, или ваша учётная запись — с другой личностью той же службы. Сначала уберите ту связь.
mistake-there = Поле «{ $field }»: выберите то, что есть в парке.
conflict-title = Ничего не сделано.
conflict-detail = Данные изменились после того, как вы открыли страницу: { $name }. Ниже показано, что действует сейчас; повторите изменение, если оно всё ещё нужно.
last-admin-title = Ничего не сделано.
last-admin-detail = { $name } — единственная оставшаяся учётная запись с правом управлять доступом. Сначала назначьте ещё одного администратора с правами везде.
not-now-title = Ничего не сделано.

## Settings
settings-label = Настройки
settings-profile = Профиль
settings-security = Вторые факторы
settings-users = Пользователи
settings-tokens = Токены
settings-agents = Агенты
settings-fleet = Парк
settings-store = Хранилище состояния
store-note = Знает ли база данных всё, что выполнили агенты
store-nodes = { $n ->
    [one] { $version }, { $count } узел
    [few] { $version }, { $count } узла
   *[many] { $version }, { $count } узлов
}
store-more = Ничего не сделано: с тех пор как страница была построена, найдено ещё. Посмотрите её снова.
store-nothing = Ничего не сделано: о недостающем ничего не известно, или кто-то успел раньше.
store-frozen = Ничего не сделано. Хранилище состояния вернулось в прошлое, и ничего не решается, пока кто-нибудь не разрешит продолжать: «Настройки», «Хранилище состояния».
store-whole-head = Что известно
store-whole = О недостающем ничего не известно.
store-whole-detail = Каждый агент при подключении сообщает последние принятые решения; база данных знала их все.
store-unheard = Сейчас не слышны: { $places }
store-unheard-detail = Того, что последовало бы там, в списке ниже нет.
store-rewound = { $n ->
    [one] В базе данных нет { $count } выполненного решения
    [few] В базе данных нет { $count } выполненных решений
   *[many] В базе данных нет { $count } выполненных решений
}
store-rewound-detail = База данных старше того, что произошло: её восстановили, или её заменила реплика без последних записей. Сейчас ничего не решается: ни развёртывания, ни выкатки, ни переключения, ни резервные копии. То, что работает, продолжает работать.
store-next-head = Что было бы отдано сразу
store-next-note = По тому, что сейчас в хранилище и у агентов
store-next-none = Ничего не было бы развёрнуто или убрано.
store-next-none-detail = Агенты выполняют то, чего хранилище хочет от сервисов.
store-now = Работает сейчас
store-then = Работало бы
store-nowhere = Ничего
store-lost-head = Выполнено и неизвестно
store-subject = Чьё
store-token = Токен
store-found = Найдено
store-go-on = Разрешить решениям продолжаться
store-go-on-detail = С того, что знает база данных. Того, что было после момента, до которого её восстановили, в ней нет: в том числе выкаток, переключений, копий и согласований того времени.
store-going-on = Решения продолжаются с того, что знает хранилище.
profile-card = Вид консоли
profile-theme = Тема
theme-auto = Как на устройстве
theme-light = Светлая
theme-dark = Тёмная
profile-density = Высота строки
density-compact = 28 пикселей
density-comfortable = 36 пикселей
profile-language = Язык
profile-language-hint = API, командная строка и всё, что записывается, остаются на английском.
language-auto = Как просит браузер
profile-zone = Часовой пояс
profile-zone-hint = Показывается рядом с UTC. Название вида Europe/Berlin.
profile-keys = Сочетания из одной клавиши
profile-nav = Меню свёрнуто
profile-save = Сохранить профиль
profile-saved = Профиль сохранён.
profile-rights = Ваши права
profile-password = Пароль
profile-password-hint = Не меньше { $n } символов. Другие ваши сеансы завершатся.
profile-current = Текущий пароль
profile-new-password = Новый пароль
profile-change-password = Сменить пароль
profile-password-saved = Пароль изменён. Другие ваши сеансы завершены.
profile-session = Сеанс
profile-session-text = Завершится через { $hours } ч после входа или через 30 минут без действий.
users-note = { $n ->
    [one] { $count } человек
    [few] { $count } человека
    [many] { $count } человек
   *[other] { $count } человека
}
user-name = Имя пользователя
user-display-name = Отображаемое имя
user-roles = Роли
user-last = Последний вход
user-state = Состояние
user-never = никогда
user-enabled = Вход разрешён
user-disabled = Вход закрыт
user-disabled-since = Вход закрыт с { $at }
user-new = Новый пользователь
user-create = Создать пользователя
user-created = Пользователь создан.
user-name-hint = Для входа. a–z, 0–9 и дефисы; позже изменить нельзя.
user-password-hint = Не меньше { $n } символов. Передайте его пользователю; сменить пароль можно в профиле.
user-save-roles = Сохранить роли
user-waits = Дополнительные роли ждут второго администратора.
user-waits-open = Открыть запрос
user-reason = Причина, для того, кто будет согласовывать
user-reason-hint = Дополнительные права начнут действовать, когда их разрешит другой администратор; сокращение прав действует сразу.
user-roles-saved = Роли сохранены.
user-disable = Закрыть вход для { $name }
user-disable-text = { $name }: вход станет невозможен, открытые сеансы завершатся, токены перестанут действовать. Чтобы отменить, откройте вход снова.
user-enable = Открыть вход для { $name }
user-was-disabled = Вход пользователю закрыт. Сеансы завершены.
user-was-enabled = Вход пользователю открыт.
user-reset = Задать новый пароль
user-factors = Второй фактор
user-factors-none = Нет
user-factors-app = Приложение-аутентификатор
user-factors-passkeys = { $n ->
    [one] { $count } ключ доступа
    [few] { $count } ключа доступа
    [many] { $count } ключей доступа
   *[other] { $count } ключа доступа
}
user-factors-reset = Снять вторые факторы
user-factors-reset-text = Для того, кто потерял устройство и коды восстановления. { $name } после этого входит только по паролю; все сеансы завершаются сейчас. Убедитесь, что просит именно { $name }.
user-factors-reset-done = Вторые факторы сняты. Сеансы пользователя завершены.
security-note = Чем вы подтверждаете себя кроме пароля
security-must = Сначала подключите второй фактор.
security-must-detail = На этом сервере он нужен вашей роли. Подойдёт приложение-аутентификатор или ключ доступа; после этого откроется остальная консоль.
security-app = Приложение-аутентификатор
security-app-none = Приложение на телефоне показывает шесть цифр, которые меняются каждые 30 секунд.
security-app-add = Подключить приложение
security-app-scan = Дайте приложению прочитать картинку или введите в него секрет. Затем введите код, который оно показывает.
security-app-qr = QR-код с секретом для приложения
security-app-secret = Секрет
security-app-code = Код
security-app-code-hint = Шесть цифр — чтобы убедиться, что секрет есть в приложении.
security-app-finish = Добавить приложение
security-app-added = Приложение-аутентификатор добавлено. Теперь его код нужен при каждом входе.
security-app-remove = Удалить приложение
security-app-removed = Приложение-аутентификатор удалено.
security-since = Начиная с
security-used = Последнее использование
security-recovery = Коды восстановления
security-recovery-none = Вместе с первым вторым фактором выдаются 10 кодов на случай потери устройства.
security-recovery-left = { $n ->
    [one] Остался { $count } код.
    [few] Осталось { $count } кода.
    [many] Осталось { $count } кодов.
   *[other] Осталось { $count } кода.
}
security-recovery-new-detail = Новые коды отменяют все прежние.
security-recovery-new = Создать новые коды
security-codes = Храните эти коды там, где найдёте их без устройства.
security-codes-detail = Каждый пускает один раз вместо второго фактора. Они показаны только сейчас.
security-codes-list = Коды восстановления
passkeys-caption = Ключи доступа
passkeys-off = Ключи доступа отключены: серверу не указан публичный адрес (--public-url), к которому браузеры их привязывают.
passkeys-full = Ключей доступа: { $n }, больше быть не может. Удалите тот, которым не пользуетесь.
passkey-new = Новый ключ доступа
passkey-what = Ключ, который хранится в устройстве или менеджере паролей и открывается пальцем, лицом или PIN-кодом. Он действует только для этой консоли, другой сайт его не получит.
passkey-name = Имя
passkey-name-hint = Чтобы узнать его потом, например по устройству.
passkey-add = Добавить ключ доступа
passkey-added = Ключ доступа добавлен.
passkey-remove = Удалить { $name }
passkey-remove-column = Удаление
passkey-removed = Ключ доступа удалён.
identities-caption = Связанные личности
identity-shown = Имя в службе
identity-issuer = Служба входа
identity-what = Через { $name } вы входите без имени пользователя и пароля. Второй фактор спрашивается как прежде.
identity-link = Связать: { $name }
identity-linked = Личность связана. Теперь по ней можно входить.
identity-not-linked = Ничего не связано.
identity-away = Служба входа не отвечает. Повторите через минуту.
identity-refused = Служба входа не подтвердила, кто вы. Начните заново.
identity-remove = Убрать связь: { $name }
identity-remove-column = Удаление
identity-removed = Связь убрана. По этой личности больше не войти.
user-identity = { $name } ({ $issuer })
user-reset-done = Пароль задан. Сеансы пользователя завершены.
user-reset-button = Задать пароль
grants-legend = Роли и где каждая действует
grants-hint = Пустое поле групп или дата-центров означает «все». Несколько значений разделяются запятыми.
grants-role = Роль
grants-groups = Группы
grants-datacenters = Дата-центры
grants-groups-of = Группы для роли «{ $role }»
grants-datacenters-of = Дата-центры для роли «{ $role }»
tokens-note = Для программ. Передаётся как Authorization: Bearer.
tokens-caption = API-токены
tokens-empty = Токенов нет.
tokens-empty-context = Программа входит с токеном вместо пароля.
token-name = Имя
token-owner = Владелец
token-expires = Истекает
token-used = Последнее использование
token-never = никогда
token-new = Новый токен
token-days = Срок действия, дней
token-days-hint = От 1 до { $most }.
token-create = Создать токен
token-shown = Токен { $name } создан. Скопируйте его сейчас.
token-shown-detail = Он показан только один раз. Тот, у кого он есть, действует от вашего имени до { $at }.
token-label = Токен
token-revoke = Отозвать { $name }
token-revoked = Токен отозван. С этого момента он не действует.
token-state-active = Действует
token-state-expired = Истёк
token-state-revoked = Отозван
agents-certificates = Сертификаты
agents-empty = Ни один агент ещё не подключился.
agents-empty-context = Создайте токен подключения и запустите с ним агента дата-центра.
agents-fingerprint = Отпечаток
agents-issued = Выдан
agents-expires = Истекает
agents-datacenter = Дата-центр
agents-revoke = Отозвать { $name }
agents-revoked = Сертификат отозван. Агенту нужно подключиться заново.
agents-joins = Токены подключения
agents-joins-empty = Токенов подключения ещё не создавали.
agents-join-by = Кто создал
agents-join-at = Создан
agents-join-state = Состояние
agents-join-open = Действует до { $at }
agents-join-used = Использован: { $at }
agents-join-expired = Истёк: { $at }
agents-new = Подключить агента
agents-minutes = Срок действия, минут
agents-minutes-hint = От 1 до { $most }. Токен одноразовый.
agents-create = Создать токен подключения
agents-shown = Токен подключения для { $datacenter } создан. Скопируйте его сейчас.
agents-shown-detail = Он показан только один раз и сработает один раз, до { $at }. Запустите с ним агента, передав его в MAINSTAY_JOIN_TOKEN.
agents-label = Токен подключения

## Topology
view-label = Вид
view-matrix = Сервисы по ДЦ
view-regions = Регионы
view-list = Список
by-label = Раскраска
by-health = Состояние
by-version = Версия
by-load = Нагрузка
draining-word = выводится
topology-first = Сначала проблемы
topology-order = Порядок восстановления
topology-list = Сервисы по дата-центрам
topology-nothing = Под фильтр ничего не подходит.
topology-nothing-detail = Сервисы и дата-центры есть, но фильтр их скрывает.
filter-name = Имя содержит
filter-all = Все
filter-do = Применить фильтр
legend-version = С заливкой: самая новая из работающих версий. Контуром: предыдущая. Треугольник: более старая.
legend-load = Средняя нагрузка на процессор у экземпляров ячейки, в процентах одного ядра. Пять ступеней: до 20, 40, 60, 80 и выше.

## Audit log
audit-sign-in = { $how ->
    [done] Вход
   *[tried] Попытка входа
}
audit-sign-out = { $how ->
    [done] Выход
   *[tried] Попытка выхода
}
audit-confirm = { $how ->
    [done] Подтверждение личности
   *[tried] Попытка подтвердить личность
}
audit-first-step = первый из двух шагов
audit-factor-add = { $how ->
    [done] Добавление второго фактора
   *[tried] Попытка добавить второй фактор
}
audit-factor-remove = { $how ->
    [done] Удаление второго фактора
   *[tried] Попытка удалить второй фактор
}
audit-factor-reset = { $how ->
    [done] Снятие вторых факторов
   *[tried] Попытка снять вторые факторы
}
audit-recovery-codes = { $how ->
    [done] Создание новых кодов восстановления
   *[tried] Попытка создать новые коды восстановления
}
audit-identity-link = { $how ->
    [done] Связывание личности
   *[tried] Попытка связать личность
}
audit-identity-unlink = { $how ->
    [done] Удаление связи с личностью
   *[tried] Попытка убрать связь с личностью
}
factor-app-with = приложение-аутентификатор
factor-recovery-with = код восстановления
factor-passkey-with = ключ доступа
factor-identity-with = связанная личность
audit-user-create = { $how ->
    [done] Создание пользователя
   *[tried] Попытка создать пользователя
}
audit-user-change = { $how ->
    [done] Изменение пользователя
   *[tried] Попытка изменить пользователя
}
audit-user-disable = { $how ->
    [done] Закрытие входа пользователю
   *[tried] Попытка закрыть вход пользователю
}
audit-password-change = { $how ->
    [done] Смена пароля
   *[tried] Попытка сменить пароль
}
audit-profile-change = { $how ->
    [done] Изменение профиля
   *[tried] Попытка изменить профиль
}
audit-token-create = { $how ->
    [done] Создание API-токена
   *[tried] Попытка создать API-токен
}
audit-token-revoke = { $how ->
    [done] Отзыв API-токена
   *[tried] Попытка отозвать API-токен
}
audit-join-token-create = { $how ->
    [done] Создание токена подключения
   *[tried] Попытка создать токен подключения
}
audit-agent-join = { $how ->
    [done] Выдача сертификата агенту
   *[tried] Отказ агенту в подключении
}
audit-agent-revoke = { $how ->
    [done] Отзыв сертификата агента
   *[tried] Попытка отозвать сертификат агента
}
audit-fleet-apply = { $how ->
    [done] Применение файла парка
   *[tried] Попытка применить файл парка
}
audit-store-rewound = Обнаружено, что хранилище состояния вернулось в прошлое
audit-store-go-on = { $how ->
    [done] Разрешил решениям продолжаться после возврата хранилища в прошлое
   *[tried] Пытался разрешить решениям продолжаться после возврата хранилища в прошлое
}
audit-datacenter-forget = { $how ->
    [done] Удаление сведений о дата-центре
   *[tried] Попытка удалить сведения о дата-центре
}
audit-deploy = { $how ->
    [done] Команда на развёртывание
   *[tried] Попытка дать команду на развёртывание
}
audit-remove = { $how ->
    [done] Команда на удаление
   *[tried] Попытка дать команду на удаление
}
audit-instance-replace = { $how ->
    [done] Команда на замену экземпляра
   *[tried] Попытка дать команду на замену экземпляра
}
audit-command-result = { $how ->
    [done] Команда выполнена
   *[tried] Команда не выполнена
}
audit-problem-open = { $how ->
    [done] Обнаружение проблемы
   *[tried] Попытка записать проблему
}
audit-problem-close = { $how ->
    [done] Завершение проблемы
   *[tried] Попытка завершить проблему
}
audit-problem-take = { $how ->
    [done] Проблема взята в работу
   *[tried] Попытка взять проблему в работу
}
audit-problem-release = { $how ->
    [done] Возврат проблемы
   *[tried] Попытка вернуть проблему
}
audit-rollout-start = { $how ->
    [done] Запуск выката
   *[tried] Попытка запустить выкат
}
audit-rollout-pause = { $how ->
    [done] Приостановка выката
   *[tried] Попытка приостановить выкат
}
audit-rollout-resume = { $how ->
    [done] Возобновление выката
   *[tried] Попытка возобновить выкат
}
audit-rollout-promote = { $how ->
    [done] Продвижение версии
   *[tried] Попытка продвинуть версию
}
audit-rollout-abort = { $how ->
    [done] Прерывание выката
   *[tried] Попытка прервать выкат
}
audit-rollout-roll-back = { $how ->
    [done] Откат версии
   *[tried] Попытка откатить версию
}
audit-rollout-undo = { $how ->
    [done] Отмена отката
   *[tried] Попытка отменить откат
}
audit-rollout-retry = { $how ->
    [done] Повтор шага выката
   *[tried] Попытка повторить шаг выката
}
audit-rollout-end = { $how ->
    [done] Завершение выката
   *[tried] Попытка завершить выкат
}
audit-rollout-reason = { $how ->
    [done] Указание причины отката
   *[tried] Попытка указать причину отката
}
audit-rollout-step = { $how ->
    [done] Переход выката к следующему шагу
   *[tried] Попытка перевести выкат к следующему шагу
}
audit-quarantine-lift = { $how ->
    [done] Снятие карантина
   *[tried] Попытка снять карантин
}
audit-bench-run = { $how ->
    [done] Заказ проверки на стенде
   *[tried] Попытка заказать проверку на стенде
}
audit-backup-ask = { $how ->
    [done] Запрос резервной копии
   *[tried] Попытка запросить резервную копию
}
audit-backup-step = { $how ->
    [done] Переход копирования в следующее состояние
   *[tried] Попытка перевести копирование в следующее состояние
}
audit-backup-days = { $how ->
    [done] Изменение скорости суток политик резервного копирования
   *[tried] Попытка изменить скорость суток политик резервного копирования
}
audit-restore-ask = { $how ->
    [done] Запрос восстановления поверх рабочей базы данных
   *[tried] Попытка запросить восстановление поверх рабочей базы данных
}
audit-restore-allow = { $how ->
    [done] Разрешение восстановления поверх рабочей базы данных
   *[tried] Попытка разрешить восстановление поверх рабочей базы данных
}
audit-restore-refuse = { $how ->
    [done] Отклонение восстановления поверх рабочей базы данных
   *[tried] Попытка отклонить восстановление поверх рабочей базы данных
}
audit-restore-step = { $how ->
    [done] Переход восстановления в следующее состояние
   *[tried] Попытка перевести восстановление в следующее состояние
}
audit-restore-keep-longer = { $how ->
    [done] Срок восстановленной копии продлён
   *[tried] Попытка продлить срок восстановленной копии
}
audit-restore-let-go = { $how ->
    [done] Удаление того, что осталось после восстановления
   *[tried] Попытка удалить то, что осталось после восстановления
}
audit-failover-start = { $how ->
    [done] Запуск аварийного переключения
   *[tried] Попытка запустить аварийное переключение
}
audit-failover-allow = { $how ->
    [done] Разрешение аварийного переключения
   *[tried] Попытка разрешить аварийное переключение
}
audit-failover-refuse = { $how ->
    [done] Отклонение аварийного переключения
   *[tried] Попытка отклонить аварийное переключение
}
audit-failover-pause = { $how ->
    [done] Приостановка аварийного переключения
   *[tried] Попытка приостановить аварийное переключение
}
audit-failover-resume = { $how ->
    [done] Возобновление аварийного переключения
   *[tried] Попытка возобновить аварийное переключение
}
audit-failover-retry = { $how ->
    [done] Повтор шага аварийного переключения
   *[tried] Попытка повторить шаг аварийного переключения
}
audit-failover-skip = { $how ->
    [done] Пропуск шага аварийного переключения
   *[tried] Попытка пропустить шаг аварийного переключения
}
audit-failover-stop = { $how ->
    [done] Остановка аварийного переключения
   *[tried] Попытка остановить аварийное переключение
}
audit-failover-override = { $how ->
    [done] Обход правила безопасности идущего аварийного переключения
   *[tried] Попытка обойти правило безопасности идущего аварийного переключения
}
audit-failover-force = { $how ->
    [done] Форсирование аварийного переключения: без ожидания данных
   *[tried] Попытка форсировать аварийное переключение
}
audit-failover-gate = { $how ->
    [done] Изменение запрета аварийных переключений
   *[tried] Попытка изменить запрет аварийных переключений
}
audit-failover-drill-plan = { $how ->
    [done] Планирование учений
   *[tried] Попытка запланировать учения
}
audit-failover-drill-cancel = { $how ->
    [done] Отмена запланированных учений
   *[tried] Попытка отменить запланированные учения
}
audit-failover-drill-miss = { $how ->
    [done] Пропуск запланированных учений
   *[tried] Попытка закрыть запланированные учения
}
audit-approval-ask = { $how ->
    [done] Запрос второго человека
   *[tried] Попытка запросить второго человека
}
audit-approval-give = { $how ->
    [done] Согласование
   *[tried] Попытка согласовать
}
audit-approval-refuse = { $how ->
    [done] Отклонение согласования
   *[tried] Попытка отклонить согласование
}
audit-approval-withdraw = { $how ->
    [done] Отзыв запроса на согласование
   *[tried] Попытка отозвать запрос на согласование
}
audit-approval-lapse = { $how ->
    [done] Завершение запроса на согласование
   *[tried] Попытка завершить запрос на согласование
}
audit-failover-step = { $how ->
    [done] Переход аварийного переключения к следующему шагу
   *[tried] Попытка перевести аварийное переключение к следующему шагу
}
audit-runbook-apply = { $how ->
    [done] Изменение ранбуков парка
   *[tried] Попытка изменить ранбуки парка
}
audit-runbook-start = { $how ->
    [done] Начало работы по ранбуку
   *[tried] Попытка начать работу по ранбуку
}
audit-runbook-step = { $how ->
    [done] Запись к шагу ранбука
   *[tried] Попытка записать к шагу ранбука
}
audit-runbook-end = { $how ->
    [done] Завершение прохода ранбука
   *[tried] Попытка завершить проход ранбука
}
audit-alias-create = { $how ->
    [done] Создание короткой ссылки
   *[tried] Попытка создать короткую ссылку
}
audit-alias-change = { $how ->
    [done] Изменение или пересмотр короткой ссылки
   *[tried] Попытка изменить короткую ссылку
}
audit-alias-remove = { $how ->
    [done] Удаление короткой ссылки
   *[tried] Попытка удалить короткую ссылку
}
audit-event-plan = { $how ->
    [done] Планирование события
   *[tried] Попытка запланировать событие
}
audit-event-change = { $how ->
    [done] Изменение события
   *[tried] Попытка изменить событие
}
audit-event-start = { $how ->
    [done] Начало события
   *[tried] Попытка начать событие
}
audit-event-end = { $how ->
    [done] Завершение события
   *[tried] Попытка завершить событие
}
audit-event-cancel = { $how ->
    [done] Отмена события
   *[tried] Попытка отменить событие
}
audit-event-waive = { $how ->
    [done] Запрос провести событие без проверки
   *[tried] Попытка запросить событие без проверки
}
audit-event-tick = { $how ->
    [done] Отметка проверки события
   *[tried] Попытка отметить проверку события
}
audit-database-work = { $how ->
    [done] Заказ работы с базой данных
   *[tried] Попытка заказать работу с базой данных
}
audit-database-result = { $how ->
    [done] Получен результат работы с базой данных
   *[tried] Получено сообщение о неудаче работы с базой данных
}
audit-bench-result = { $how ->
    [done] Получен результат проверки на стенде
   *[tried] Попытка принять результат проверки на стенде
}
audit-node-test = { $how ->
    [done] Заказ проверки узла
   *[tried] Попытка заказать проверку узла
}
audit-audit-export = { $how ->
    [done] Выгрузка журнала аудита
   *[tried] Попытка выгрузить журнал аудита
}
audit-evidence-pack = { $how ->
    [done] Создан пакет доказательств
   *[tried] Попытка создать пакет доказательств
}
audit-period = с { $from } по { $until }
audit-words = Слова
audit-cut = Поиск занял слишком много времени и был прерван. Могут быть более старые подходящие записи: сузьте его по времени, человеку или объекту.
audit-matches = { $n ->
    [one] Подходит { $count } запись.
    [few] Подходят { $count } записи.
    [many] Подходит { $count } записей.
   *[other] Подходит { $count } записи.
}
audit-matches-least = Подходит записей: не менее { $count }.
audit-chain-checked = Цепочка проверена { $at }, записей: { $count }, цела.
audit-chain-unread = Цепочка ещё не проверялась; первое чтение идёт.
audit-chain-broken = Цепочка нарушена
audit-chain-found = { $what } Обнаружено: { $at }.
problem-audit-broken = Журнал аудита — не тот, что был подписан
problem-audit-broken-at = Журнал аудита — не тот, что был подписан: запись { $entry }
problem-audit-broken-detail = { $what } { $n ->
    [0] Обнаружено: { $at }.
   *[other] Есть и другое ({ $more }). Обнаружено: { $at }.
} Через консоль этого сделать нельзя.
trail-title = Что к этому относится
trail-stage = Часть
trail-request = Запрос
trail-approve = Одобрение
trail-action = Действие
trail-effect = Результат
trail-evidence = Доказательство
trail-alone = Других записей к ней не относится.
trail-alone-detail = Записи связаны, если они относятся к одному запросу, переключению, выкату, восстановлению, копии, событию, одобрению или проблеме.
trail-cut = Записей больше, чем здесь; найдите их все по идентификатору.
trail-shows = Что показывает, как всё прошло
trail-answered = { $what }: { $said }, { $by }
trail-approval = { $what }: { $said }
trail-group = { $group }: { $took } ({ $asked })
trail-asked = требовалось не более { $n } мин
trail-not-asked = группы больше нет в парке
trail-not-over = не восстановлено в этом запуске
trail-proven = Пробное восстановление той же копии прошло раньше
trail-unproven = Без пробного восстановления, которое для этого нужно
trail-restore-waits = Ждёт второго человека
trail-restore-refused = Отклонено: { $at }
trail-restore-runs = Идёт с { $at }
trail-restore-done = Завершено: { $at }
trail-restore-failed = Не удалось: { $at }
evidence-link = Доказательства
evidence-title = Пакеты доказательств
evidence-note = Что аудиторы берут с собой за период: один архив, контрольная сумма которого стоит в журнале аудита.
evidence-period = Период
evidence-month = Месяц
evidence-choose = Показать
evidence-holds = Что будет в пакете
evidence-part = Часть
evidence-count = Строк
evidence-failovers = Переключения и учения, с RTO и RPO
evidence-databases = Базы данных и их копии
evidence-proofs = Пробные восстановления
evidence-restores = Восстановления
evidence-approvals = Одобрения и разборы после аварий
evidence-waivers = Отказы от проверок
evidence-fleet = Изменения парка
evidence-policies = Изменения других правил
evidence-access = Изменения доступа
evidence-findings = Проблемы, открытые в конце
evidence-availability = Сервисы и регионы с их доступностью
evidence-entries = Записи журнала аудита
evidence-make = Создать пакет
evidence-missing = Чего не хватает
evidence-complete = Всё на месте.
evidence-complete-detail = Всё, что относится к пакету, было измерено и есть в нём.
evidence-packs = Созданные пакеты
evidence-none = Ещё не создано ни одного пакета.
evidence-none-detail = Каждый созданный пакет появляется здесь со своей контрольной суммой.
evidence-made = Создан
evidence-sum = SHA-256 архива
evidence-size = Размер
evidence-check = Как проверить пакет
evidence-how = Тот, у кого есть архив, проверяет его без сервера: каждый файл по контрольной сумме, а часть журнала аудита — по подписанным контрольным точкам. Сравните напечатанную контрольную сумму архива с указанной выше.
evidence-order = Конец не позже начала. Вместо этого показан прошлый месяц.
evidence-long = Пакет охватывает не более 400 дней. Вместо этого показан прошлый месяц.
evidence-future = Этот период ещё не начался. Вместо этого показан прошлый месяц.
audit-sentence = { $action } ({ $detail })
audit-changes = { $n ->
    [one] { $count } изменение
    [few] { $count } изменения
    [many] { $count } изменений
   *[other] { $count } изменения
}
audit-lacks-sign-in = без входа
audit-lacks-role = нужна роль: { $roles }
audit-lacks-scope = { $role }, только: { $scope }
audit-who-token = { $owner }, токен { $token }
audit-who-agent = агент { $dc }
audit-who-system = Mainstay ({ $part })
audit-who-anonymous = без входа, { $address }
audit-done = Выполнено
audit-refused = Отказано
audit-failed = Не удалось
audit-checkpoint = Последняя подписанная контрольная точка: записей { $count }, { $at }.
audit-no-checkpoint = Ни одна контрольная точка ещё не подписана.
audit-verify = Проверить
audit-export-csv = Выгрузить в CSV
audit-export-jsonl = Выгрузить в JSON Lines
audit-entries = Записи
audit-order = Сначала новые
audit-time = Время, UTC
audit-time-local = Время
audit-who = Кто
audit-what = Что
audit-object = Объект
audit-result = Результат
audit-entry = Запись
audit-from = С, UTC
audit-to = По, UTC
audit-placing = размещается
audit-reason = Причина: { $reason }
audit-empty = Записей ещё нет.
audit-empty-detail = Каждое изменение и каждая отклонённая попытка записываются сюда сразу.
audit-nothing = Под фильтр не подходит ни одна запись.
audit-nothing-detail = Время указывается в UTC: 2026-11-20 03:12, 03:12 или -6h. Объекты указываются адресами: /services/feed-api.
audit-entry-title = Запись { $seq }
audit-changed = Что изменилось
audit-no-values = В записи нет значений до и после.
audit-proof = Доказательство
audit-earlier = Более ранняя запись
audit-later = Более поздняя запись
audit-none = нет
audit-when = Когда
audit-action = Действие
audit-why = Причина
audit-request = Запрос
audit-leaf = Хеш листа
audit-proven = Входит в подписанный журнал
audit-proven-detail = { $n ->
    [one] { $hashes } хеш ведёт от этого текста к контрольной точке (записей: { $count }), подписанной { $at }.
    [few] { $hashes } хеша ведут от этого текста к контрольной точке (записей: { $count }), подписанной { $at }.
    [many] { $hashes } хешей ведут от этого текста к контрольной точке (записей: { $count }), подписанной { $at }.
   *[other] { $hashes } хеша ведут от этого текста к контрольной точке (записей: { $count }), подписанной { $at }.
}
audit-waiting = Ещё не подписано
audit-waiting-detail = Ни одна контрольная точка пока не содержит запись. Следующая появится в течение секунды.
audit-broken = Не то, что было подписано
audit-broken-leaf = Текст не соответствует хешу своего листа. Проверьте весь журнал.
audit-broken-note = Подпись последней контрольной точки неверна. Проверьте весь журнал.
audit-broken-proof = Запись не ведёт к подписанному корню. Проверьте весь журнал.
audit-verify-how = Проверить самостоятельно
audit-verify-title = Проверка журнала аудита
audit-verify-what = Каждая запись — лист дерева Меркла (RFC 6962), и дерево подписывается каждый раз, когда растёт. Имея выгрузку, ключ и более раннюю контрольную точку, можно найти любую запись, которую изменили, удалили, переставили, вставили или отрезали. Сервер для этого не нужен.
audit-verify-codes = Код завершения 0 — журнал цел; 1 — журнал изменён, тогда названа каждая такая запись; 2 — журнал не удалось прочитать.
audit-steps = Как проверить
audit-step-export = Выгрузите весь журнал там, откуда доступна база данных (DATABASE_URL).
audit-step-key = Проверьте выгрузку ключом из источника, которому доверяете: audit.pub из каталога данных или своя копия.
audit-step-witness = Сверьте её с контрольной точкой, которая хранилась в другом месте. Так обнаруживается журнал, который укоротили или переписали целиком.
audit-newest = Последняя контрольная точка
audit-newest-keep = Время от времени сохраняйте её копию вне этой системы. Каждый агент хранит одну сам.
audit-signed = Подписана
audit-covers = Записей
audit-key = Ключ проверки
audit-key-trust = Этот ключ называет сам журнал. Прежде чем полагаться на него, сравните его с копией, которой доверяете.

## Settings: fleet
fleet-title = Парк
fleet-note = Ревизия { $revision }, применена { $at }: { $who }.
fleet-none = Ни один парк не действует.
fleet-none-detail = Введите файл парка ниже, проверьте его и примените.
fleet-in-force = Действует
fleet-revision = Ревизия
fleet-applied = Применена
fleet-by = Кто применил
fleet-reason = Причина
fleet-regions = Регионы
fleet-datacenters = Дата-центры
fleet-groups = Группы
fleet-services = Сервисы
fleet-instances-asked = Нужно экземпляров
fleet-databases = Базы данных
fleet-policies = Политики резервного копирования
fleet-edges = Граничные прокси
fleet-file = Файл парка
fleet-file-label = Действующий файл парка
fleet-change = Изменить парк
fleet-source = Файл парка (TOML)
fleet-source-hint = Не больше { $most }. То, что работает, приводится к файлу по одному шагу за раз.
fleet-why = Причина, сохраняется в журнале аудита
fleet-why-hint = От { $least } до { $most } символов. Нужна, чтобы применить.
fleet-check = Проверить файл
fleet-apply = Применить парк
fleet-not-applied = Парк не применён
fleet-findings = Ошибки в файле
fleet-findings-count = { $n ->
    [one] В файле { $count } ошибка, ниже указана её строка. Исправьте её.
    [few] В файле { $count } ошибки, ниже указаны их строки. Исправьте их.
    [many] В файле { $count } ошибок, ниже указаны их строки. Исправьте их.
   *[other] В файле { $count } ошибки, ниже указаны их строки. Исправьте их.
}
fleet-line = Строка
fleet-mistake = Ошибка
fleet-instead = Что написать
fleet-too-large = Размер файла { $bytes } байт, а принимается не больше { $most }.
fleet-difference = Что изменится
fleet-difference-note = По сравнению с ревизией { $revision }
fleet-difference-first = Сравнивать не с чем: ни один парк не действует
fleet-same = Ничего не изменится.
fleet-same-detail = В файле то же, что уже действует.
fleet-more = Не показано изменений: { $count }.
fleet-kind = Вид
fleet-id = Имя
fleet-how = Изменение
fleet-fields = Значения
fleet-added = Добавится
fleet-removed = Удалится
fleet-changed = Изменится
fleet-itself = парк
fleet-unset = не задано
fleet-blocked = С этими удалениями нужно подождать
fleet-blocked-note = Там ещё что-то работает
fleet-conflict = Ничего не сделано.
fleet-conflict-detail = Уже действует ревизия { $revision }. Отличия ниже показаны относительно неё. Примените ещё раз, если это всё ещё нужно.
fleet-unseen = Ничего не сделано.
fleet-unseen-detail = Это не тот файл, который был проверен. Ниже показано, что он изменит. Примените ещё раз, если это то, что нужно.
fleet-mistake-source = Введите файл парка.
fleet-mistake-reason = Введите причину, от { $least } до { $most } символов.
fleet-mistake-blocked = Оставьте в файле то, что ещё работает, по списку.
fleet-good = Файл в порядке.
fleet-good-detail = Ничего ещё не применено.
fleet-done = Действует ревизия { $revision } парка.
fleet-done-detail = С этого момента всё, что работает, приводится к ней.
instance-gone = Больше не сообщается

## Forgetting a data centre
forget = Удалить сведения…
forget-title = Удаление сведений о { $dc }
forget-head = Удаление сведений
forget-note = Ничего ещё не запущено.
forget-last = Последняя связь: { $at }; тогда он сообщал: { $n ->
    [0] экземпляров нет
    [one] { $count } экземпляр
    [few] { $count } экземпляра
    [many] { $count } экземпляров
   *[other] { $count } экземпляра
}.
forget-state = Всё, что он сообщал, удалится на каждом сервере. Журнал аудита и история дата-центра останутся.
forget-fleet = В следующем файле парка его может не быть.
forget-back = Если его агент всё же выйдет на связь, дата-центр и то, что там работает, появятся снова.
forget-name = Имя дата-центра
forget-name-hint = Введите { $dc }.
forget-do = Удалить сведения о дата-центре
forget-keep = Не удалять
forget-failed = Ничего не удалено
forget-mistake-name = Введите имя дата-центра: { $dc }.
forget-mistake-reason = Введите причину, от { $least } до { $most } символов.
forget-kept-nothing = О нём ничего не известно. Его можно убрать из файла парка.
forget-kept-service = Парк на него рассчитывает. Добавьте в его запись “retired = true” и сначала примените это.
forget-kept-reporting = Его агент на связи.
forget-kept-lately = Связь с ним была недавно и может восстановиться сама. Удалить сведения можно будет с { $at }.
forget-changed = Ничего не сделано. За это время он вышел на связь или сведения уже удалил кто-то другой.

## Components
dev-title = Компоненты
dev-buttons = Кнопки
dev-empty = Пусто
dev-error = Ошибка
dev-refused = Нет прав
dev-verdict = Вердикт
dev-choices = Варианты
dev-table = Таблица
dev-form = Форма
dev-mistake = Введите причину, не меньше 10 символов

## Rollouts: shares, states, reasons
weight = { $n }%
odds = { $version }: с ошибкой 1 запрос из { $n }
odds-none = { $version }: запросов { $n }, ошибок нет
odds-all = { $version }: с ошибкой каждый запрос
odds-unknown = { $version }: запросов не было
rollout-preparing = Запускается { $version }
rollout-testing = Проверяется { $instance }
rollout-joining = Новый узел принимает запросы
rollout-shifting = Перевод на { $share }
rollout-watching = Наблюдение при { $share }
rollout-watching-node = Наблюдение за новым узлом
rollout-paused = Приостановлен
rollout-paused-at = Приостановлен на { $share }
rollout-paused-planned = Ждёт человека на { $share }
rollout-paused-analysis = Приостановлен анализом на { $share }
rollout-promoted = Продвинут
rollout-rolling-back = Откатывается на { $version }
rollout-rolled-back = Откачен
pause-asked = Приостановлено по команде: { $by }.
pause-planned = Шаг пройден, и по плану продолжить должен человек.
pause-undecided = Время наблюдения истекло дважды, а анализ не дал ни положительного, ни отрицательного ответа.
pause-no-data = Запросов слишком мало для вывода: нужно { $needed }, есть { $requests }.
pause-not-measured = { $what }: измерить не удалось.
pause-not-ready = В { $dc } обслуживают не все новые экземпляры: { $serving } из { $wanted }; остальные не поднялись вовремя.
pause-not-acknowledged = { $edge } не подтвердил новые доли вовремя.
reasons = Причины
reasons-until = До { $until }.
reason-add = Добавить причину
log-reason = { $by }: { $reason }
pause-edge-away = { $edge } не подключён и продолжает отправлять запросы на узлы, которые следующий шаг должен убрать.
pause-agent-lost = С агентом { $dc } нет связи, поэтому что там работает, неизвестно.
pause-next-asked = Возобновите, чтобы продолжить, или откатите.
pause-next-planned = Продвиньте или возобновите, чтобы перейти к следующему шагу, либо откатите.
pause-next-undecided = Возобновите, чтобы наблюдать заново, продвиньте вопреки анализу с указанием причины или откатите.
pause-next-not-measured = Проверьте источник значения, затем возобновите. Без измерений ничего не продвигается.
pause-next-not-ready = Выясните, почему они не запускаются, затем возобновите или откатите.
pause-next-not-acknowledged = Проверьте граничный прокси, затем возобновите. До этого запросы идут по прежним долям.
pause-next-edge-away = Верните его в работу, затем возобновите. Если его больше не будет, уберите его из файла парка.
pause-next-agent-lost = Возобновите, когда связь восстановится, или откатите: для этого граничным прокси агент не нужен.
stop-asked = Откат по команде: { $by }.
stop-analysis = Анализ не пройден: { $metric }: { $words }.
stop-limit = Нарушен предел ({ $rule }): { $words }.
stop-dead = { $instance } в { $dc } упал или не обслуживает запросы.
stop-node-test = { $instance } не прошёл проверку: { $words }.
stop-refused = { $edge } отверг конфигурацию: { $message }
condition-errors = ошибок меньше { $limit }
condition-p95 = p95 меньше { $limit }
condition-below = { $query } меньше { $limit }
condition-above = { $query } больше { $limit }
log-started = Выкат запущен: { $by }.
log-started-change = Выкат запущен: { $by }. Изменение { $change }.
log-wave = Начинается волна { $wave }.
log-testing = { $instance } проверяется, прежде чем принимать запросы.
log-shifting = Доля запросов на { $version } повышена до { $share }.
log-watching = Подключённые граничные прокси подтвердили. Идёт наблюдение за шагом { $step }.
log-promoted = { $version } — стабильная. Прежняя версия остаётся прогретой.
log-back-starting = { $version } запускается снова, потому что уже не работала.
log-back = Все запросы возвращаются на { $version }. { $why }
log-rolled-back = По логам граничных прокси запросов на новую версию больше нет. Все запросы идут на { $version }.
log-ended = { $version } остановлена. Выкат завершён.
metric-errors = Доля ошибок
metric-latency = Задержка p{ $n }
verdict-pass = Пройдено
verdict-fail = Не пройдено
verdict-undecided = Не решено
verdict-no-data = Слишком мало запросов
verdict-not-measured = Не измерено
log-again = Начинается заново.
log-by = { $words } ({ $by })

## Rollout page
nav-rollouts = Выкаты
nav-quarantine = Карантин
nav-edges = Граничные прокси
rollout-name = { $service } { $from } → { $to }
rollout-started = Начат { $at }, запустил: { $by }.
rollout-started-change = Начат { $at }, запустил: { $by }, изменение { $change }.
rollout-hotfix = Хотфикс: наблюдение короче, все проверки на месте.
rollout-wave = Волна { $wave } из { $waves }, { $regions }.
rollout-odds = { $new }; { $old }.
rollout-numbers = Все числа
rollout-steps = Шаги
rollout-all-on = Все запросы идут на { $version }.
rollout-warm = { $version } остаётся прогретой до { $at }, чтобы вернуться можно было сразу.
rollout-took = Продвинут до { $version } за { $time }.
rollout-back-in = Откачен за { $time }. Все запросы идут на { $version }.
rollout-back = Откачен. Все запросы идут на { $version }.
rollout-acknowledged = Подтвердили подключённые граничные прокси: { $done } из { $all }.
rollout-last-request = Последний запрос на { $version }: { $at }.
rollout-impact = На { $version } завершились ошибкой { $errors } из { $requests } запросов.
rollout-quarantined = { $version } в карантине, пока его не снимет человек.
watching-pass = Пока в пределах допустимого.
watching-fail = Новая версия хуже. Она откатывается.
watching-undecided = Запросов пока мало для уверенного вывода.
watching-no-data = Запросов пока слишком мало для вывода.
watching-not-measured = Сравнить сейчас нельзя. Без измерений ничего не продвигается.
slot-undo-over = Время на отмену истекло. Запустите новый выкат.
slot-newer = После этого был ещё один выкат.
slot-rolled-back = Все запросы уже на { $version }.
slot-undo-for = Отменить можно в течение { $time }.
slot-at-once = Запросы вернутся сразу.
slot-roll-back-review = Откатить на { $version }…
slot-review = Откроется проверка: что будет потеряно или сколько это займёт.
slot-going = Запросы возвращаются. Завершение видно по логам граничных прокси.
slot-undo-word = Отменить
slot-undo = Отменить: вернуться к { $share }
slot-undo-until = Возможно до
more-actions = Другие действия
opens = { $label }…
verb-roll-back = Откатить на { $version }
verb-pause = Приостановить
verb-resume = Возобновить
verb-promote = Продвинуть этот шаг
verb-promote-fully = Продвинуть { $version } полностью
verb-abort = Прервать
verb-undo = Отменить откат
verb-retry = Повторить
verb-end = Завершить сейчас
verb-pause-small = Доли остаются прежними.
verb-resume-on = Переход к следующему шагу.
verb-resume-small = Наблюдение за шагом начнётся заново.
confirm-label = Введите имя сервиса: { $name }
confirm-name = Введите { $name }, имя сервиса.
reason-hint-needed = Не меньше 10 символов.
reason-too-short = Введите причину, не меньше { $least } символов.
keep-as-is = Оставить как есть
review-note = { $name }. Ничего ещё не сделано.
will-traffic-back = Все граничные прокси сразу начнут отправлять каждый запрос на { $version }.
will-done-when = Готово, когда по собственным логам граничных прокси запросов на { $version } больше нет.
will-warm = { $version } остаётся прогретой 15 минут, чтобы отменить можно было сразу. Затем её экземпляры остановятся.
will-quarantine = { $version } попадёт в карантин везде, пока его не снимет человек.
will-pause = Доли останутся прежними, пока человек не решит, что дальше. Сравнение продолжается.
will-resume = Шаг начнётся заново: граничные прокси подтвердят его доли, затем наблюдение пойдёт с начала.
will-promote = Остаток наблюдения на этом шаге пропускается, начинается следующий шаг.
will-promote-fully = Все запросы всех регионов пойдут на { $version } без дальнейшего наблюдения.
will-keep-warm = { $version } остаётся прогретой 15 минут.
will-undo = Шаг, на котором выкат остановили, начнётся заново; сначала проверяются его экземпляры.
will-lift = { $version } выйдет из карантина.
will-retry = Шаг начнётся заново с самого начала.
will-end = Версия, с которой ушли, остановится сейчас. Возврат займёт столько, сколько нужно на её запуск.
will-ask-second = Данные будут потеряны, поэтому сначала нужно разрешение второго человека
will-past-analysis = Анализ не пройден. Стало ли пользователям хуже, неизвестно.
will-agent-lost = С агентом { $dc } нет связи, поэтому что там работает, неизвестно.

## Steps
step-name = Шаг { $n }
step-watch = наблюдение { $time }
step-watch-pause = наблюдение { $time }, затем человек
step-watch-node = наблюдение { $time } за каждым
step-nodes = { $done } из { $nodes }
step-preparing = запуск
step-testing = проверка
step-shifting = перевод
step-until = до { $at }
step-longer = наблюдение продлено
step-paused = приостановлен { $at }
step-stopped = остановлен { $at }
step-passed = пройден { $at }
step-passed-word = Пройден
step-waiting = ожидает
step-end = В конце
step-finish = Завершение
step-back = Возврат
step-stop = Остановка { $version }
step-warm = { $version } остаётся прогретой
step-stopped-version = { $version } остановлена
step-going = идёт
step-all-on = Всё на { $version }
step-of = Шаг { $n } из { $of }
step-title = Шаг { $n }, { $name }
step-next = Следующий шаг
wave = Волна
fact-share = Доля запросов
fact-watch = Наблюдение не меньше
fact-began = Начат
fact-watched = Наблюдение с
fact-passed = Пройден
verdicts = Вердикты
verdicts-note = Последний за каждую минуту
verdicts-none = Оценок ещё нет.
verdicts-none-detail = Шаг оценивается, когда его доли установились и у обеих версий были запросы.
verdict = Вердикт
verdict-none = Ещё не оценивался
verdict-not-judged = Не оценивается
verdict-at = Время
verdict-step = Шаг
verdict-metric = Метрика
verdict-new = Новая
verdict-old = Старая
verdict-difference = Разница
verdict-between = от { $lower } до { $upper }
verdict-tolerance = Допустимо
verdict-requests = Запросы, новая / старая
verdict-events = События, новая / старая
verdict-needed = Нужно около

## A condition
condition-title = Условие { $number }
condition-asked = Что должно выполняться
condition-from = Измеряется
condition-query = Запрос к системе метрик (PromQL)
condition-counted = На граничных прокси, по запросам новой версии с начала наблюдения
condition-bound = Граница
condition-most = не больше { $n }
condition-least = не меньше { $n }
condition-unknown = Без значения
condition-unknown-detail = Не считается выполненным: выкат не идёт дальше и останавливается, когда наблюдение окончено.
condition-empty = По этому условию ещё ничего не измерено.
condition-value = Значение
chart-values = Значения

## Analysis
analysis = Анализ
analysis-note = { $new } против { $old }, те же секунды и граничные прокси
metric-rate = Запросы
per-second = { $n }/с
versus = против { $old }
sample = n = { $n }
difference-points = { $n } п. п.
judged-none = Ещё не оценивалось.
judged-not = Показано, но не оценивается.
judged-pass = Не больше { $upper }. Допустимо { $tolerance }
judged-fail = Достоверно хуже: не меньше { $lower }
judged-undecided = От { $lower } до { $upper }
judged-needs = От { $lower } до { $upper }. Нужно запросов: около { $needed }
judged-no-data = Неизвестно: нужно запросов { $needed }, есть { $has }
judged-not-measured = Неизвестно: сравнить не удалось
chart-limit = предел { $n }
chart-tolerated = до { $n }
chart-back = возврат
chart-resolution = 1 точка = { $step }
chart-both = Обе версии
chart-empty-traffic = В логах граничных прокси запросов к нему нет.
on-version = на { $version }
waves = Волны
wave-number = Волна
wave-datacenters = Дата-центры: экземпляры по версиям, обновлено из всех узлов
wave-done = Готово
wave-waiting = Ожидает
wave-cell = { $dc }: узлов на { $version }: { $done } из { $nodes }
edges-acknowledged = подтвердили { $done } из { $all }
edge-never = Ни разу не подключался
edge-refused = Отверг
edge-away = Не подключён с { $since }
edge-acknowledged = Подтвердил
edge-behind = Ещё не подтвердил
log = Журнал
links = Ссылки
link-traffic = Трафик { $service }
link-bench = Проверка { $version } на стенде
link-service = { $service }
link-runbook = Постоянный адрес для ранбуков
plan-hash = План { $hash }

## Evidence
evidence-back = Куда идут запросы
evidence = Если откатить
evidence-checked = Проверено { $at } UTC; при нажатии кнопки проверяется ещё раз.
share-of = { $version }: { $share }
level-ok = Да
level-unknown = Неизвестно
level-warn = Осторожно
level-block = Нет
check-old = { $version } работает: экземпляров { $serving }, без холодного старта.
check-old-short = { $version } работает: экземпляров { $serving } из { $wanted }.
check-old-gone = { $version } нигде не работает.
check-unheard = Неизвестно для { $names }: нет связи.
check-comes-up = Прежде чем вернуть запросы, нужно запустить экземпляры { $version }: { $nodes }.
check-schema-none = { $version } не меняет базу данных.
check-schema-reversible = Изменение базы данных совместимо и со старой версией.
check-schema-irreversible = Изменение базы данных необратимо: при возврате данные потеряются или понадобится восстановление.
check-config = Одна конфигурация подходит обеим версиям.
check-config-not = Конфигурация не подходит обеим версиям сразу.
check-bench = { $version } прошла проверку на стенде; результат действует до { $at }.
check-bench-not = { $version } в нынешнем виде не прошла проверку на стенде, или результат истёк.
check-traffic = Сейчас запросов в секунду: { $rate }.
check-traffic-none = Запросов сейчас нет: оценить шаг нельзя.
check-traffic-unknown = Запросы измеряются не во всех его регионах.
check-alone = Других выкатов сейчас нет.
check-others = Сейчас идут и другие выкаты: { $ids }.
check-no-problems = Открытых проблем с ним и там, где он работает, нет.
check-problems = { $n ->
    [one] { $count } открытая проблема с ним или там, где он работает: { $ids }.
    [few] { $count } открытые проблемы с ним или там, где он работает: { $ids }.
    [many] { $count } открытых проблем с ним или там, где он работает: { $ids }.
   *[other] { $count } открытой проблемы с ним или там, где он работает: { $ids }.
}
check-extra = Временно работает дополнительных экземпляров: не больше { $instances }, это около { $memory }. Есть ли столько на хостах, неизвестно.
check-extra-unknown = Временно работает дополнительных экземпляров: не больше { $instances }. Есть ли на хостах место, неизвестно.
check-share-none = На { $version } сейчас запросов нет.
check-share-of = { $share } в { $region }
check-share = Доля { $version }: { $shares }.
check-edges = Подключено граничных прокси: { $count }, они переключатся сразу.
check-edges-away = Подключено граничных прокси: { $count }, они переключатся сразу. Не подключены и переключатся, когда вернутся: { $away }.
check-loses-data = При возврате данные потеряются.

## Rollouts list, quarantine
rollouts-note = { $n ->
    [0] Выкатов сейчас нет.
    [one] Идёт { $count } выкат.
    [few] Идут { $count } выката.
    [many] Идут { $count } выкатов.
   *[other] Идут { $count } выката.
}
rollouts-quarantine = Карантин ({ $count })
rollouts-start = Запустить выкат…
rollouts-running = Идут сейчас
rollouts-over = Завершённые
rollouts-none = Выкатов сейчас нет.
rollouts-last = Последний, { $name }, завершился { $at }.
rollouts-never = Ни одного выката ещё не было.
rollouts-over-none = Завершённых выкатов ещё нет.
rollouts-over-context = Завершённые выкаты остаются здесь навсегда.
rollouts-over-filtered = Под фильтр ничего не подходит.
filter-apply = Применить фильтр
newest-first = Сначала новые
pager-older = Более ранние
col-rollout = Выкат
col-versions = Версии
col-by = Кто запустил
col-started = Начат
run-progress = шагов пройдено: { $done } из { $all }
run-wave = { $n } из { $of }, { $regions }
quarantine-note = Эти версии нигде не запустятся, пока карантин не снимет человек.
quarantine-none = В карантине нет ни одной версии.
quarantine-none-detail = Сюда с указанием причины попадает версия, которую откатили.
quarantine-held = В карантине
quarantine-why = Причина
quarantine-lift = Снять карантин
quarantine-lift-of = Снять карантин с { $name }
quarantine-lift-do = Снять карантин
quarantine-keep = Оставить в карантине
quarantine-was = Версия попала сюда по причине: { $why }
quarantine-will = Выкат этой версии можно будет запустить снова. Само ничего не запустится.
quarantine-confirm = Введите { $name }.
quarantine-confirm-label = Введите сервис и версию: { $name }

## Starting a rollout
start-title = Запуск выката { $name }
start-note = Сейчас работает { $version }. Ничего ещё не запущено.
start-choose = Запуск выката
start-choose-do = Продолжить
start-form = Что выкатить
start-version = Версия
start-version-hint = Прошли проверку на стенде: { $versions }.
start-version-none = Других версий, прошедших проверку на стенде, пока нет.
start-bench-link = Стенд
start-change = Ссылка на изменение
start-schema = Изменение базы данных
start-schema-none = Нет
start-schema-reversible = Старая версия с ним тоже работает
start-schema-irreversible = Старая версия с ним не работает
start-config = Конфигурация
start-config-hint = Указывает, безопасен ли возврат: если нет, понадобится разбор.
start-config-choose = Выберите…
start-config-both = Подходит обеим версиям
start-config-new = Подходит только новой версии
start-hotfix = Хотфикс
start-hotfix-hint = Наблюдение вчетверо короче. Все шаги и проверки на месте.
start-plan = План
start-plan-own = Собственный план сервиса
start-steps = Шаги
start-steps-hint = Только если нужно отступить от плана. Доля и время наблюдения: 1% 5 min, 25% 20 min пауза; после паузы продолжает человек
start-waves = Волны
start-waves-hint = Только если нужно отступить от плана. Волны разделяются точкой с запятой: eu-west; eu-central us-east
start-show = Показать, что произойдёт
start-do = Запустить выкат { $version }
start-keep = Не запускать
start-preview = Перед запуском
start-preview-none = Показывать пока нечего.
start-preview-none-detail = Заполните форму и нажмите кнопку: появятся план, проверки и то, что способен обнаружить каждый шаг. Ничего не запустится.
start-blocked = Проверка отвечает «нет». Запуск возможен, но это будет записано вместе с ним.
start-strategy = Стратегия
strategy-canary = Канареечная: растущая доля запросов
strategy-rolling = Поузловая: узел за узлом, каждый проверяется
start-shortest = Займёт не меньше
start-tolerates = Допустимо
start-tolerance = доля ошибочных запросов выше на { $errors }, p95 медленнее на { $latency }%
start-alpha = Ложные остановки хорошей версии
start-hash = План
start-detects = Наименьшее ухудшение, которое обнаруживает каждый шаг
start-detects-note = При трафике последних 10 минут, в 4 случаях из 5
start-more-steps = И ещё таких же шагов: { $n }.
start-new-rate = Новая версия, запросов/с
start-error-from = Ошибки от
start-latency-from = p95 от
start-needs = Запросов для прохождения
start-none = нет
start-one-node = один узел
step-watched = Наблюдение
start-then-pause = { $time }, затем человек
mistake-step = «{ $part }» — это не шаг. Введите долю и время наблюдения, например 25% 20 min.

## Staging bench
bench-title = Стенд: { $name }
bench-note = Что версия должна пройти перед продакшеном. Проверка идёт на отдельном развёртывании, недоступном пользователям.
bench-results = Результаты
bench-none = Ни одна версия ещё не проверялась.
bench-none-detail = Запустите проверку версии на стенде: её результат на время открывает версии путь в продакшен.
bench-running = Идёт
bench-passed = Пройдена
bench-expired = Пройдена, истекла
bench-other-checks = Пройдены другие проверки
bench-failed = Не пройдена
bench-not-made = Провести не удалось
bench-by = В { $dc }, запросил: { $by }
bench-until = Действует до { $at }.
bench-run = Запуск проверки на стенде
bench-run-do = Запустить проверку
bench-version-hint = В том виде, как её принимает программа, например 1.4.0
bench-checks = Проверки
bench-valid = Результат действует { $hours } ч.
check-http = { $path } отвечает { $status }
check-http-contains = { $path } отвечает { $status } и содержит «{ $contains }»
check-load = { $rate } запросов в секунду на { $path } в течение { $seconds } с: ошибок не больше { $errors }, p95 не больше { $p95 } мс

## Traffic and edges
nav-traffic = Трафик
traffic-title = Трафик { $name }
traffic-note = По собственным логам граничных прокси.
traffic-versions = По версиям
traffic-datacenters = По дата-центрам
traffic-nowhere = до экземпляра не дошли
traffic-none = За это время запросов не было.
traffic-none-detail = Выберите другое время или проверьте, подключены ли граничные прокси.
traffic-unheard = Из этого времени без связи: { $time }.
range-label = Время
chart-rate = Запросы
chart-errors = Доля ошибок
chart-p95 = Задержка p95
chart-latency = Задержка всех запросов
chart-highest = Максимум { $n }
col-edge = Граничный прокси
col-requests = Запросы
col-rate = В секунду
col-errors = Ошибки
edges-note = Подключено { $connected } из { $all }.
edges-behind = { $n ->
    [one] { $count } не выполняет решённое.
    [few] { $count } не выполняют решённое.
    [many] { $count } не выполняют решённое.
   *[other] { $count } не выполняют решённое.
}
edges-more = Ещё { $count }
edges-no-such = Такого прокси нет.
edges-no-such-detail = Поиск идёт по именам, регионам и дата-центрам.
edges-none = В парке нет граничных прокси.
edges-none-detail = Запросы пользователей входят через граничные прокси. Укажите их в файле парка.
edges-lately = Запросы за последние { $minutes } мин
edge-connected = Подключён
edge-revision = Подтверждено
edge-revision-of = { $n } из { $of }
edge-place = Стоит в { $dc }, { $region }
edge-services = По сервисам и версиям
edge-refuses = Отвергает { $kind }: { $names }.
edge-kept = Остаётся прежняя конфигурация, ревизия { $revision }. Ответ прокси:
edge-proxy = Прокси
edge-acknowledged-at = Время подтверждения
edge-since = Подключён с
edge-away-since = Не подключён с
in-progress = В процессе
nav-rollouts-count = { $n ->
    [one] Идёт { $count } выкат
    [few] Идут { $count } выката
    [many] Идут { $count } выкатов
   *[other] Идут { $count } выката
}
keys-slot = перейти к действию страницы
changed = Состояние выката { $service } уже другое: { $word }. Показано состояние на этот момент.
changed-by = Состояние выката { $service } уже другое: { $word }, с { $at } UTC ({ $who }), на { $ago } раньше вас. Показано состояние на этот момент.
start-replanned = План уже другой. Просмотрите его и запустите.
slot-sent = Отправлено
slot-early = Ничего не отправлено: здесь только что всё изменилось. Нажмите ещё раз, если намерение прежнее.
slot-unsure = Отправлено, не подтверждено. Проверяется…
refresh-note = Страница загружается заново каждые { $n } с.
refresh-still = Не обновлять
edges-share = Запросы пользователей за последние 5 минут входят через
slot-undoing = Отмена отката

## Backups: words
backup-full = полная
backup-differential = дифференциальная
policy-full-daily = Полная копия каждый день
policy-full-every = Полная копия раз в { $days } дн.
policy-full-on = Полная копия по дням недели: { $days }
policy-when = { $full }, с { $from } до { $to }, время { $city }.
policy-when-differential = { $full }, в остальные дни дифференциальная, с { $from } до { $to }, время { $city }.
policy-clocks = При переводе часов вместо пропущенного времени берётся первый момент после него, а из повторяющегося — более ранний.
policy-kept = { $n ->
    [one] Срок хранения { $days } день; цепочка удаляется целиком, когда срок вышел у самой новой её копии.
    [few] Срок хранения { $days } дня; цепочка удаляется целиком, когда срок вышел у самой новой её копии.
    [many] Срок хранения { $days } дней; цепочка удаляется целиком, когда срок вышел у самой новой её копии.
   *[other] Срок хранения { $days } дня; цепочка удаляется целиком, когда срок вышел у самой новой её копии.
}
policy-chain = Каждая полная копия идёт в следующий по очереди дата-центр, её дифференциальные остаются при ней: { $turn }.
policy-literal = Каждая копия идёт в следующий по очереди дата-центр: { $turn }.
policy-copies = В любой момент копий не меньше { $copies }, дата-центров с копиями не меньше { $places }.
policy-proof = { $n ->
    [one] Пробное восстановление проходит не реже чем раз в { $days } день.
    [few] Пробное восстановление проходит не реже чем раз в { $days } дня.
    [many] Пробное восстановление проходит не реже чем раз в { $days } дней.
   *[other] Пробное восстановление проходит не реже чем раз в { $days } дня.
}
weekday-monday = понедельник
weekday-tuesday = вторник
weekday-wednesday = среда
weekday-thursday = четверг
weekday-friday = пятница
weekday-saturday = суббота
weekday-sunday = воскресенье
short-none = Пригодных копий нет.
short-copies = { $n ->
    [one] Есть { $found } копия, а нужно { $asked }.
    [few] Есть { $found } копии, а нужно { $asked }.
    [many] Есть { $found } копий, а нужно { $asked }.
   *[other] Есть { $found } копии, а нужно { $asked }.
}
short-places = { $n ->
    [one] Копии есть только в { $found } дата-центре, а нужно в { $asked }.
    [few] Копии есть только в { $found } дата-центрах, а нужно в { $asked }.
    [many] Копии есть только в { $found } дата-центрах, а нужно в { $asked }.
   *[other] Копии есть только в { $found } дата-центрах, а нужно в { $asked }.
}
short-late = С начала окна { $at } копия не сделана.
short-missed = Окон без копии: { $count }, первое началось { $at }.
short-full = С начала окна { $at } полная копия не сделана.
short-unproven = Ни одна копия не прошла пробное восстановление.
short-proof-old = { $n ->
    [one] Последнее пробное восстановление прошло { $at }; допустимая давность { $days } день.
    [few] Последнее пробное восстановление прошло { $at }; допустимая давность { $days } дня.
    [many] Последнее пробное восстановление прошло { $at }; допустимая давность { $days } дней.
   *[other] Последнее пробное восстановление прошло { $at }; допустимая давность { $days } дня.
}
short-proof-failed = Копия { $label } в { $dc } оказалась повреждённой: { $at }.
short-gone = Файлов копии { $label } в { $dc } больше нет в её репозитории.
short-bad-pages = В копии { $label } в { $dc } есть страницы с неверными контрольными суммами.
short-full-missing = Копия { $label } в { $dc } опирается на полную, которой нет.
keep-not-due = Остаётся до { $at }.
keep-not-asked = Остаётся: репозиторий в { $dc } не опрошен.
keep-not-read = Остаётся: репозиторий в { $dc } прочитать не удалось: { $why }.
keep-late = Остаётся: с начала окна { $at } копия не сделана.
keep-proven = Остаётся: в ней копия { $label }, последняя прошедшая пробное восстановление, { $at }.
keep-none-newer = Остаётся: более новой неповреждённой копии нет.
keep-too-few = Остаётся: без неё будет { $n ->
    [one] { $copies } копия
    [few] { $copies } копии
    [many] { $copies } копий
   *[other] { $copies } копии
} в { $m ->
    [one] { $places } дата-центре
    [few] { $places } дата-центрах
    [many] { $places } дата-центрах
   *[other] { $places } дата-центрах
}, а это слишком мало.
keep-goes = Удаляется сейчас: срок вышел { $at }, а { $newer } в { $dc } новее.
obstacle-no-agent = Ни один агент не сообщает, что база данных работает у него.
obstacle-silent = Агент { $dc }, где работает база данных, не на связи.
obstacle-busy = С базой данных сейчас идёт другая работа.
obstacle-no-place = Ни один дата-центр не может принять копию.
obstacle-nobody = Не было сервера, который принял бы решение.
obstacle-no-policy = В парке для неё больше нет политики.
phase-preparing = Подготовка
phase-copying = Копирование
phase-restoring = Восстановление
phase-recovering = Накат журнала
phase-checking = Проверка
phase-cleaning = Очистка
phase-done = { $phase }, { $percent }%
task-backup = Резервное копирование
task-verify = Чтение для поиска повреждений
task-expire = Удаление
task-prove = Пробное восстановление
task-restore = Восстановление на месте
task-let-go = Удаление отложенного каталога
task-stay = Продление восстановленной копии
task-end-kept = Удаление восстановленной копии
task-switchover = Плановое переключение
task-failover = Аварийное переключение
task-rejoin = Возврат в кластер
task-pause = Приостановка кластера
task-resume = Возобновление кластера
about-set-aside = данные до восстановления
about-kept = оставленная восстановленная копия
target-end = конца копии
target-moment = { $at }
target-latest = конца журнала WAL
damage = { $place }: { $what }.
damage-file = { $place }, { $file }: { $what }.
damage-copy = Копия { $label }
damage-wal = Сегмент журнала { $segment }
damage-repository = Служебные данные репозитория
damage-checksum = неверная контрольная сумма
damage-missing = отсутствует
damage-size = неверный размер
damage-other = не распаковывается или не читается
reach-gap = { $n ->
    [one] После этого не хватает { $count } сегмента журнала.
    [few] После этого не хватает { $count } сегментов журнала.
    [many] После этого не хватает { $count } сегментов журнала.
   *[other] После этого не хватает { $count } сегмента журнала.
}
reach-damaged = { $n ->
    [one] После этого повреждён или отсутствует { $count } сегмент журнала.
    [few] После этого повреждены или отсутствуют { $count } сегмента журнала.
    [many] После этого повреждены или отсутствуют { $count } сегментов журнала.
   *[other] После этого повреждены или отсутствуют { $count } сегмента журнала.
}
reach-abandoned = После этого база данных продолжила работу с более ранней точки.
reach-no-history = Есть более новая линия времени, история которой неизвестна.
reach-unread = В репозитории, который прочитать не удалось, может быть больше.
reach-unlisted = До какого места доходит журнал, неизвестно.
problem-backup-none = У { $db } нет копии, из которой можно восстановиться
problem-backup-none-detail = Если сейчас потерять её дата-центр, база данных будет потеряна.
problem-backup-late = Копия { $db } запаздывает
problem-backup-missed = { $db }: пропущено копий: { $count }
problem-backup-late-detail = Копии нет с начала окна { $since }. Последняя пригодная копия начата { $newest }.
problem-backup-late-none = Копии нет с начала окна { $since }.
problem-backups-short = У { $db } { $n ->
    [one] { $copies } копия
    [few] { $copies } копии
    [many] { $copies } копий
   *[other] { $copies } копии
} в { $m ->
    [one] { $places } дата-центре
    [few] { $places } дата-центрах
    [many] { $places } дата-центрах
   *[other] { $places } дата-центрах
}
problem-backups-short-detail = Её политика требует: копий { $asked }, дата-центров { $places }.
problem-repository = Копии { $db } в { $dc } прочитать не удаётся
problem-repository-detail = Что там есть, неизвестно; это не учитывается, и пока ничего не удаляется. { $why }
problem-copy-damaged = Копия { $db } в { $dc } повреждена
problem-copy-damaged-detail = { $label } не учитывается. Она останется, пока у её цепочки не выйдет срок хранения и не появится более новая копия.
problem-never-proven = Ни одна копия { $db } не подтверждена
problem-never-proven-detail = Ни одно пробное восстановление не прошло. Можно ли восстановиться из этих копий, неизвестно.
problem-log-behind = То, что сейчас записывается в { $db }, нельзя было бы восстановить
problem-log-behind-detail = Журнал архивирован только до { $at }. Проверьте, работает ли архивирование и есть ли место в репозиториях.
problem-log-stuck = Postgres сообщает, что не может архивировать { $file }.
problem-log-lost-detail = { $n ->
    [one] После { $at } ни в одном репозитории нет { $count } сегмента журнала. Следующая копия снова сделает восстановление возможным, начиная с неё.
    [few] После { $at } ни в одном репозитории нет { $count } сегментов журнала. Следующая копия снова сделает восстановление возможным, начиная с неё.
   *[many] После { $at } ни в одном репозитории нет { $count } сегментов журнала. Следующая копия снова сделает восстановление возможным, начиная с неё.
}
problem-unproven = Копии { $db } давно не подтверждались
problem-unproven-detail = { $n ->
    [one] Последнее пробное восстановление прошло { $at }; предел — { $days } день.
    [few] Последнее пробное восстановление прошло { $at }; предел — { $days } дня.
    [many] Последнее пробное восстановление прошло { $at }; предел — { $days } дней.
   *[other] Последнее пробное восстановление прошло { $at }; предел — { $days } дня.
}

## Backups: pages
nav-backups = Резервные копии
nav-backups-count = { $n ->
    [one] { $count } проблема с резервными копиями
    [few] { $count } проблемы с резервными копиями
    [many] { $count } проблем с резервными копиями
   *[other] { $count } проблемы с резервными копиями
}
backups-views = Вид
backups-calendar = Календарь
backups-sets = Наборы
backups-copies = Копии
backups-week = Неделя
backups-month = Месяц
backups-none = Ни у одной базы данных нет политики резервного копирования.
backups-nothing = Под фильтр не подходит ни одна база данных.
backups-nothing-detail = Показаны только базы данных с политикой резервного копирования.
backups-none-detail = Политики объявляются в файле парка, каждая база данных называет свою.
backups-without = { $n ->
    [one] Базы данных без политики резервного копирования: { $names }.
    [few] Базы данных без политики резервного копирования: { $names }.
    [many] Базы данных без политики резервного копирования: { $names }.
   *[other] Базы данных без политики резервного копирования: { $names }.
}
answer = За 24 ч вовремя сделано копий: { $n } из { $all }.
answer-none = За последние 24 ч ни одно окно копирования не закончилось.
answer-late = С опозданием { $count }: { $names }.
answer-late-of = { $db }, { $time }
answer-missed = Пропущено { $count }: { $names }.
answer-failing = Пока безуспешно { $count }: { $names }.
answer-stuck = Заказано, но ответа нет, { $count }: { $names }.
answer-unknown = { $n ->
    [one] Неизвестно о { $count }.
    [few] Неизвестно о { $count }.
    [many] Неизвестно о { $count }.
   *[other] Неизвестно о { $count }.
}
answer-more = { $names } и ещё { $more }
look-done = Сделана вовремя
look-done-late = Сделана с опозданием
look-running = Копируется
look-planned = Запланирована
look-failing = Пока безуспешно
look-late = Запаздывает
look-missed = Пропущена
look-stuck = Заказана, ответа нет
look-unknown = Неизвестно
mark-window = с { $from } до { $to } UTC
mark-words = { $db }: { $kind } в { $dc }, { $window }, { $look }
legend-full = Черта снизу: полная копия
legend-utc = Дни и время указаны в UTC
calendar-week = Неделя { $week }, { $from } – { $to } { $year }
calendar-month = { $month } { $year }
calendar-caption = Резервные копии, { $name }
calendar-earlier = Раньше
calendar-now = Сейчас
calendar-later = Позже
calendar-span = Период
days-short = { $days } д
backups-times-utc = Время указано в UTC
to-word = –
col-database = База данных
col-policy = Политика
col-newest = Последняя копия
col-copies = Копий
col-places = Копии в
col-recoverable = Доступно для восстановления
col-proven = Подтверждена
col-next = Следующая
col-kept = Хранится
col-left = Что останется
col-in = Где
col-copy = Копия
col-kind = Вид
col-size = Размер базы
col-stored = Занимает
col-chain = Цепочка
col-due = Срок
col-what = Что
col-run = Запуск
col-window = Окно
col-tries = Неудачных попыток
col-work = Работа
col-about = Объект
col-agent = Агент
col-ordered = Заказана
col-result = Результат
col-finished = Готова
set-met = Вовремя и подтверждено
set-unseen = Не видно
set-old = Данные устарели
set-unread = Прочитано не всё
set-none = Копий нет
set-missed = Пропущено: { $count }
set-late = Опоздание { $time }
set-full-late = Полная копия запаздывает
set-short = Мало копий
set-damaged = Копия повреждена
set-unproven = Не подтверждено
set-no-copy = нет
set-never = никогда
set-title = { $db }, { $state }
set-runs-in = Работает в { $dc }.
set-runs-unknown = Где работает, неизвестно.
set-read = Репозитории прочитаны: { $at }.
set-policy = Политика
set-ahead = Ближайшие окна
set-reach = Доступно для восстановления
set-prepared = На чём держится копирование
set-goes = Что и когда удаляется
set-runs = Запуски
set-work = Пробные восстановления, чтения, удаления
set-short-title = Чего не хватает
set-unseen-title = Ни один агент не сообщает об этой базе данных.
set-unseen-detail = Что есть в её репозиториях, неизвестно. Агент сообщит о ней, когда она будет указана в его конфигурации.
set-old-title = Агент этой базы данных не на связи.
set-old-detail = Ниже то, что он видел на { $at }. Копирование продолжится, когда связь восстановится.
set-unread-line = Репозиторий в { $dc } прочитать не удалось. { $why } Его содержимое здесь не учитывается.
log-damaged = { $n ->
    [one] В журнале в { $dc } повреждён сегмент: { $names }.
    [few] В журнале в { $dc } повреждены сегменты: { $names }.
    [many] В журнале в { $dc } повреждены сегменты: { $names }.
   *[other] В журнале в { $dc } повреждены сегменты: { $names }.
}
log-damaged-more = В журнале в { $dc } повреждены сегменты, всего { $count }, среди них { $names }.
copy-proven = Подтверждена
copy-unproven = Ещё не подтверждена
copy-damaged = Повреждена
copy-unusable = Непригодна
copy-none-usable = Пригодных нет
copy-gone = Удалена
copy-word = копия
copy-title = { $label }, { $db }
copy-note = База { $db }, { $kind } копия в { $dc }.
copy-unread = Её репозиторий прочитать не удалось.
copy-gone-title = Этой копии больше нет.
copy-gone-detail = Она удалена вместе с цепочкой или никогда не числилась. Ниже то, что о ней известно.
copy-vanished = Пропала
copy-vanished-detail = Репозиторий называет эту копию, но её файлов в нём нет: кто-то или что-то их убрало.
copy-bad-pages = Во время копирования в базе данных были страницы с неверными контрольными суммами.
copy-damage-title = С этой копией не всё в порядке.
copies-note = { $n ->
    [one] { $count } дата-центр
    [few] { $count } дата-центра
    [many] { $count } дата-центров
   *[other] { $count } дата-центра
}
copies-right = Возраст последней пригодной копии
copies-unknown = Что есть в репозиториях, неизвестно.
copies-unknown-detail = Ни один агент ещё не сообщал об этой базе данных.
places-unread = (не прочитано: { $names })
cell-not-asked = не опрошен
cell-unread = Не прочитан
cell-no-copy = копий нет
cell-copies = { $n ->
    [one] { $count } копия
    [few] { $count } копии
    [many] { $count } копий
   *[other] { $count } копии
}
cell-damaged = { $n ->
    [one] { $count } непригодная
    [few] { $count } непригодные
    [many] { $count } непригодных
   *[other] { $count } непригодной
}
unread-title = { $n ->
    [one] { $count } репозиторий прочитать не удалось, в итогах его нет.
    [few] { $count } репозитория прочитать не удалось, в итогах их нет.
    [many] { $count } репозиториев прочитать не удалось, в итогах их нет.
   *[other] { $count } репозитория прочитать не удалось, в итогах их нет.
}
unread-line = { $db } в { $dc }: { $why }
repository-unread = Прочитать не удалось, содержимое неизвестно. { $why }
repository-holds = { $n ->
    [one] { $count } копия, { $stored }
    [few] { $count } копии, { $stored }
    [many] { $count } копий, { $stored }
   *[other] { $count } копии, { $stored }
}
chain-own = своя
loss-title = Что уцелеет при потере дата-центра
loss-label = Потерянный дата-центр
loss-show = Показать, что останется
loss-answer = Без { $dc } копия остаётся у { $n } из { $all } баз данных.
loss-unknown = Что есть в её репозиториях, неизвестно.
loss-more = Возможно, есть ещё в { $names }: не прочитано.
loss-maybe = Возможно, есть в { $names }: не прочитано.
loss-all = Не останется ничего: ни базы данных, ни копий.
loss-copies = Копий не останется; сама база данных работает в другом месте.
loss-runs-there = База данных работает там.
ahead-what = { $kind } в { $dc }, { $local }
archiving-stuck = Файл журнала { $file } не удалось архивировать ({ $at }), и с тех пор ничего не архивировано.
archiving-failed = { $n ->
    [one] Не удалась { $count } попытка архивировать журнал, последняя: { $file }, { $at }.
    [few] Не удались { $count } попытки архивировать журнал, последняя: { $file }, { $at }.
    [many] Не удались { $count } попыток архивировать журнал, последняя: { $file }, { $at }.
   *[other] Не удались { $count } попытки архивировать журнал, последняя: { $file }, { $at }.
}
archiving-last = Последним архивирован { $file }, { $at }.
reach-none = Неизвестно.
reach-none-detail = Пригодных копий в списке нет.
reach-least = как минимум.
reach-log = Последняя архивация журнала: { $at }; восстановить можно любой момент до неё.
goes-none = Удалять нечего.
goes-none-detail = Копии появляются здесь с днём, когда выйдет их срок хранения.
goes-order = Сначала ближайшие
prepared-archiving = Журнал WAL архивируется.
prepared-restart = Журнал WAL не архивируется, пока база данных не перезапустится: { $settings }.
prepared-archiving-failed = Журнал WAL не архивируется. { $why }
prepared-repository = Репозиторий в { $dc } готов.
prepared-repository-failed = Репозиторий в { $dc } не готов. { $why }
runs-none = За последние 60 дней запусков не было.
runs-none-detail = Запуск начинается вместе со своим окном.
run-now = Сделать копию сейчас…
run-now-title = Копия { $db } вне плана
run-now-note = Одна копия сверх плана. Ничего ещё не произошло.
run-now-do = Сделать копию сейчас
run-begins = Следующая попытка: { $at }.
run-ordered = Заказано у агента { $dc }: { $at }; ответа пока нет.
run-made = Заняло { $time }, размер { $stored }.
run-passed-over = Очередь { $dc } пропущена: его репозиторий прочитать не удалось. { $why }
run-other-kind = Заказана была { $asked } копия.
run-asked-by = Запросил: { $by }.
run-title = { $id } базы { $db }, { $state }
run-head = { $db }, { $kind } копия
run-by-plan = Окно по плану.
run-by-person = Запросил: { $by }. Причина: { $reason }
run-open-copy = Открыть копию
run-late-by = Окно закончилось, прошло { $time }.
run-tries = Неудачные попытки
run-planned-in = по плану в { $dc }
run-given = Запрошена
run-until = До
run-kept-until = Хранится до
run-revision = Ревизия
tries-none = Неудачных попыток нет.
tries-none-detail = Неудачная попытка повторяется там же или в следующем дата-центре, пока не начнётся следующее окно.
try = Попытка { $n } в { $dc }, { $time }.
work-none = Пока нет.
work-none-detail = Новая копия подтверждается после копирования, а репозитории раз в день прочитываются целиком.
work-ordered = Заказано
work-waits = Ждёт другую работу
work-ends = Получено, записывается
work-not-made = Не сделано: { $why }
work-removed = Удалено
work-no-damage = Повреждений не найдено
part-restore = Восстановление
part-valid = Проверка
part-recovery = Накат журнала
part-structure = Структура
part-pages = Контрольные суммы страниц
part-clean-up = Очистка
part-kept = Оставлено на время, как и просили
part-stop = Остановка
part-start = Запуск
part-passed = { $part }: пройдено
part-failed = { $part }: не удалось: { $why }
part-not-run = { $part }: не выполнялось: { $why }
part-check = Не пройдена проверка: { $check }
check-passed = { $name }: { $seen }
check-failed = { $name }, не пройдено: { $seen }
proofs = Пробные восстановления
proofs-none = Пробных восстановлений этой копии не было.
proofs-none-detail = Последняя копия проверяется сама; любую копию можно проверить по запросу.
proof-title = Пробное восстановление, { $at }
proof-how = Выполнил агент { $dc }, до { $target }.
proof-asked = Запросил: { $by }. Причина: { $reason }
proof-due = Подошёл срок.
proof-passed = Пройдено
proof-failed = Не пройдено
proof-not-made = Не сделано
proof-waits = Ожидает
proof-reached = Накат дошёл до коммита { $at }.
proof-position = Накат дошёл до позиции { $position } в журнале.
proof-stays = Восстановленное остаётся до { $at }.
proof-stays-how = Как подключиться
prove-now = Подтвердить сейчас…
prove-do = Подтвердить эту копию
prove-title = Пробное восстановление { $label }
prove-target = Восстановить до
prove-target-hint = Для конца копии нужен только её репозиторий; для более поздних моментов нужен архивированный журнал WAL.
prove-end = конца копии
prove-moment = указанного момента
prove-latest = конца журнала WAL
prove-at = Момент, UTC
prove-at-hint = Только для варианта «указанного момента»: 03:30 или 2026-11-20 03:30.
prove-restores = Копия восстанавливается рядом с базой данных, на отдельном сервере.
prove-checks = Восстановленная база данных запускается, проверяются её структура и контрольные суммы страниц.
prove-space = До завершения нужно { $size } на диске.
prove-untouched = Сама база данных и копия не меняются.
prove-removed = Восстановленное потом удаляется, если его не просят оставить.
prove-stays = Если его оставить, место на диске будет занято всё это время. Одновременно у одной базы таких копий не больше { $most }.
prove-keep = Оставить работать после проверки
prove-keep-hint = Сервер продолжит работать, чтобы можно было посмотреть данные и забрать потерянные строки, пока не выйдет срок или копию не удалит человек.
prove-hours = На сколько часов
prove-hours-hint = От { $least } до { $most } по реальному времени, считая с готовности к работе.
prove-on = На машине в
prove-on-hint = Рядом с базой данных удобнее вернуть в неё данные через pg_dump; в другом месте у неё ничего не отнимается.
prove-on-any = любом, лучше не там, где лежит копия
prove-newest = Это последняя пригодная копия.
fact-took = Заняла
fact-wal = Нужный журнал WAL
fact-goes = Хранение
ask-begins = Агент { $dc } начнёт сразу или после текущей работы.
ask-silent = Агент { $dc } не на связи; копирование начнётся, когда связь восстановится.
ask-no-agent = Ни один агент не сообщает, что база данных работает у него; копирование начнётся, когда такой агент появится.
ask-goes-to = Копия пойдёт в { $dc } или, если там её принять не смогут, в следующий по очереди дата-центр.
ask-until = Попытки продолжаются до { $at }, ещё { $time }.
ask-last-full = Последняя полная копия заняла { $time }, размер { $stored }.
ask-no-full = Полных копий не известно. Вместо дифференциальной будет сделана полная.
ask-plan-stays = План не меняется: в следующем окне будет сделана своя копия.
ask-reason-hint = Почему сейчас; не больше 500 символов.
kind-hint = Дифференциальная содержит то, что изменилось с последней полной копии в том же месте.
mistake-kind = Выберите вид копии.
mistake-moment = Введите момент, например 03:30 или 2026-11-20 03:30.
mistake-hours = Введите срок в часах, от { $least } до { $most }.
mistake-on = Выберите дата-центр из списка.
mistake-reason = Введите причину в нескольких словах.
next-title = Резервные копии
next-note = Ближайшие 24 ч
next-what = { $kind } в { $dc }
next-more = { $n ->
    [one] Ещё { $count } за ближайшие 24 ч.
    [few] Ещё { $count } за ближайшие 24 ч.
    [many] Ещё { $count } за ближайшие 24 ч.
   *[other] Ещё { $count } за ближайшие 24 ч.
}
runs-older = { $n ->
    [one] { $count } более ранний запуск
    [few] { $count } более ранних запуска
    [many] { $count } более ранних запусков
   *[other] { $count } более раннего запуска
}
group-databases = Базы данных
dc-loss = Копии без него
dc-loss-link = Что уцелеет при его потере
restores = Восстановления
restores-none = Ни одну базу данных не восстанавливали поверх.
restores-none-detail = Восстановление начинается на странице копии. Его должен разрешить второй человек.
col-restore = Восстановление
col-target = До
col-asked = Запросил
col-allowed = Разрешил
restore-nobody = никто
restore-unproven = без пробного восстановления
restore-waits = Ждёт второго человека
restore-waits-until = Разрешить до { $at } может кто-то другой, не тот, кто запросил.
restore-void = Недействительно
restore-void-detail = Вовремя не разрешил никто. Если восстановление ещё нужно, запросите его снова.
restore-refused = Отклонено
restore-refused-by = Отклонено: { $by }. Причина: { $why }
restore-allowed = Разрешено
restore-runs = Восстанавливается
restore-silent = Агент { $dc } не на связи; насколько продвинулась работа, неизвестно.
restore-done = Восстановлено
restore-done-detail = База данных находится в том состоянии, до которого её восстановили.
restore-failed = Не удалось
restore-title = { $id }, восстановление { $db }: { $state }
restore-head = Восстановление { $db }
restore-asked = Запросил: { $by }. Причина: { $reason }
restore-proof = Пробное восстановление прошло.
restore-proven = Эту же копию восстановили рядом с базой данных, до той же точки: { $at }.
restore-no-proof = Нужно пробное восстановление.
restore-goes-without = Выполняется БЕЗ пробного восстановления.
restore-without-proof = Запрос сделан в обход правила. { $why }
restore-never-proven = Ни одно пробное восстановление этой копии до этой точки не прошло. Можно ли её восстановить, неизвестно.
restore-proof-old = { $n ->
    [one] Последнее пробное восстановление этой копии до этой точки прошло { $at }; допустимая давность { $days } день.
    [few] Последнее пробное восстановление этой копии до этой точки прошло { $at }; допустимая давность { $days } дня.
    [many] Последнее пробное восстановление этой копии до этой точки прошло { $at }; допустимая давность { $days } дней.
   *[other] Последнее пробное восстановление этой копии до этой точки прошло { $at }; допустимая давность { $days } дня.
}
restore-proof-failed = Последнее пробное восстановление этой копии до этой точки не прошло: { $at }. Выберите другую копию.
restore-same-person = Запросил: { $by }. Разрешить должен второй человек.
restore-took = { $n ->
    [1] Последнее восстановление этой базы данных заняло { $time }.
    [one] Восстановления этой базы данных занимали { $time }, медиана по { $count }.
    [few] Восстановления этой базы данных занимали { $time }, медиана по { $count }.
    [many] Восстановления этой базы данных занимали { $time }, медиана по { $count }.
   *[other] Восстановления этой базы данных занимали { $time }, медиана по { $count }.
}
restore-proofs-took = { $n ->
    [1] Пробное восстановление этой базы данных заняло { $time }.
    [one] Пробные восстановления этой базы данных занимали { $time }, медиана по { $count }.
    [few] Пробные восстановления этой базы данных занимали { $time }, медиана по { $count }.
    [many] Пробные восстановления этой базы данных занимали { $time }, медиана по { $count }.
   *[other] Пробные восстановления этой базы данных занимали { $time }, медиана по { $count }.
}
restore-replaces = { $db } в { $host } останавливается и заменяется копией { $label } из { $dc }, до { $target }.
restore-loses = Всё, что закоммичено после { $at }, будет потеряно; сейчас это данные за { $ago }.
restore-loses-unstored = Всё, что закоммичено и ещё не попало в архивированный журнал WAL, будет потеряно.
restore-down = До конца восстановления пользоваться { $db } нельзя.
restore-keeps = Нынешние данные { $db } сохраняются рядом, пока их не удалит человек.
restore-host-silent = Агент { $dc }, где работает база данных, не на связи. Пока это так, ничего не начнётся.
restore-no-host = Ни один агент не сообщает, что база данных работает у него. Начать нечего.
restore-second = Второй человек должен разрешить это в течение { $time }. До этого ничего не произойдёт.
restore-over = Восстановить…
restore-beside = Потеряны только некоторые строки? Восстановите копию рядом с базой данных и заберите их оттуда. Ничего не заменяется.
restore-beside-link = Восстановить рядом…
restore-ask-title = Восстановление { $db } из { $label }
restore-ask-head = Восстановление { $db } поверх рабочих данных
restore-ask-note = Данные будут потеряны. Нужны пробное восстановление до той же точки и второй человек.
restore-ask-do = Запросить это восстановление
restore-override = Чтобы обойтись без пробного восстановления, введите имя базы данных: { $name }
restore-override-hint = Оставьте пустым, чтобы соблюдать правило. Тому, кто разрешает, об обходе скажут прямо.
restore-allow = Разрешить…
restore-refuse = Отклонить…
restore-allow-title = Разрешение на восстановление { $db }
restore-refuse-title = Отклонение восстановления { $db }
restore-allow-do = Разрешить и начать
restore-refuse-do = Отклонить это восстановление
restore-allow-words = Начнётся сразу. В журнале аудита ваше имя будет стоять рядом с именем { $by }.
restore-not-now = В нынешнем виде разрешить это нельзя.
restore-steps = Шаги
restore-checks = Что база данных ответила после восстановления
restore-before = Прежние данные
restore-kept = Прежний каталог данных хранится здесь, пока его не удалит человек.
restore-let-go = Прежний каталог данных удалён. Он был здесь:
restore-kept-unknown = Прежний каталог данных сохранили здесь. Сохранился ли он, неизвестно.
restore-until = Разрешить до
restore-estimate = Сколько займёт
set-aside = Данные, сохранённые после восстановлений
set-aside-detail = То, что было до каждого восстановления. Занимает место, пока это не удалит человек.
kept-title = Восстановленная копия в { $dc }
kept-running = Работает
kept-down = Не работает
kept-silent = Агент не на связи
kept-why = { $why } Агент продолжает попытки.
kept-since = Восстановлена
kept-age = ({ $time } назад)
kept-until = Будет удалена
kept-left = (через { $time })
kept-longer = Оставить на больший срок…
kept-longer-hours = На сколько часов
kept-longer-hint = От 1 до 72; всего не больше 7 дней.
kept-longer-reason = Причина
kept-path = Каталог
kept-connect = Чтобы подключиться, на машине в { $dc }:
kept-take-out = Чтобы выгрузить из неё таблицу:
let-go = Удалить отложенное…
let-go-do = Удалить отложенное
let-go-title = Удаление данных { $db }, отложенных при восстановлении
let-go-kept-title = Удаление восстановленной копии { $db }
let-go-removes = Каталог данных удаляется с машины в { $dc }. Вернуть его содержимое нельзя.
let-go-ends = Восстановленная копия в { $dc } останавливается и удаляется вместе со всем, что в неё записали. Её можно восстановить снова, пока цела исходная копия.
let-go-untouched = Работающая база { $db } и её копии не меняются.
let-go-silent = Агент не на связи. Каталог удалится, когда связь восстановится.
database-confirm = Введите имя базы данных: { $name }
database-name = Введите { $name }, имя базы данных.

## Failover
nav-failover = Переключение
nav-failover-count = { $n ->
    [one] Идёт { $count } аварийное переключение
    [few] Идут { $count } аварийных переключения
    [many] Идут { $count } аварийных переключений
   *[other] Идут { $count } аварийного переключения
}
failover-title = Аварийное переключение
failover-note = Что будет, если пропадёт регион или дата-центр
failover-question = Можно ли сейчас выполнить аварийное переключение?
failover-answer-yes = Да.
failover-answer-warnings = { $n ->
    [one] Да, { $count } предупреждение.
    [few] Да, { $count } предупреждения.
    [many] Да, { $count } предупреждений.
   *[other] Да, { $count } предупреждения.
}
failover-answer-some = Да для { $able } из { $all } регионов. Нет для { $names }.
failover-answer-no = Нет.
failover-answer-unknown = Неизвестно. Нет сведений, без которых ответить нельзя.
failover-ready = Готово
failover-warnings = С предупреждениями
failover-unknown = Неизвестно
failover-not-ready = Не готово
failover-if-region = Если пропадёт регион
failover-if-datacenter = Если пропадёт дата-центр
failover-col-away = Пропадает
failover-col-verdict = Вердикт
failover-col-to = Принимает
failover-col-lag = Отставание данных
failover-col-time = Время / предел
failover-col-load = Нагрузка после
failover-col-drill = Последние учения
failover-col-plan = План
failover-col-run = Запуск
failover-col-what = Что
failover-col-state = Состояние
failover-col-steps = Шаги
failover-col-took = Время
failover-col-limit = Предел
failover-col-started = Начат
failover-col-group = Группа
failover-col-moves = Переводится
failover-col-now = Сейчас
failover-col-database = База данных
failover-col-leads = Лидер в
failover-col-takes-over = Принимает
failover-col-behind = Отставание
failover-col-behind-time = Отставание, время
failover-never = никогда
failover-plan-open = План
routines-title = Повторяющиеся учения
routine-later = Ещё не пора
routine-due = Пора проводить
routine-overdue = Просрочены
routine-never = Нет дня
routine-on-day = до
routine-since = с
routine-every = { $n ->
    [one] каждый { $days } день
    [few] каждые { $days } дня
    [many] каждые { $days } дней
   *[other] каждые { $days } дня
}
routine-on = дни: { $days }
routine-window = с { $from } до { $to } по местному времени
routine-last = последний раз проведены
routine-last-never = ещё не проводились
routine-by-itself = Если ничто не мешает, начнутся сами, следующее окно с
routine-by-hand = Их запускает человек из плана.
routine-start = Открыть план
routine-put-off = Отложены: { $why }
drills-title = Запланированные учения
drill-none = Учения не запланированы.
drill-planned = Запланированы
drill-started = Начаты
drill-missed = Пропущены
drill-cancelled = Отменил { $by }
drill-by = { $by } — { $reason }
drill-plan = Запланировать учения
drill-cancel = Отменить { $id }
drill-what = Что отключается
drill-what-hint = Дата-центры или регионы через запятую, например fra1,fra2
drill-at = Когда
drill-at-hint = Например, 2026-12-24 18:00, UTC
drill-note = Учения выполняются по-настоящему и ждут данных. Если правило, запрет или другой запуск мешает им 15 минут, они пропускаются с указанием причины.
readiness-title = Готовность за 30 дней
readiness-note = Оценивается каждая минута; минута без оценки считается неизвестной
readiness-worst = Каждая полоса показывает худшее за своё время.
readiness-score = Можно было отключить
readiness-not-ready = Не готов
readiness-unknown = Неизвестно
readiness-warnings = С предупреждениями
readiness-all = Всего
failover-runs = Переключения и учения
failover-no-runs = Аварийных переключений здесь ещё не было.
failover-no-runs-detail = Учения показывают, сколько времени занимает каждая группа; чтобы начать, откройте план.
failover-older = Более ранние запуски
failover-progress = Шагов пройдено: { $past } из { $all }.
failover-gates = Запреты
failover-gates-none = Запретов нет: аварийные переключения можно запускать.
failover-gate = Запрет
failover-gate-close = Установить запрет
failover-gate-open = Снять
failover-gate-until = до { $at }
failover-reason = Причина, сохраняется в журнале аудита
failover-reason-hint = Не меньше 10 символов.
failover-reason-least = Не меньше { $n } символов.
failover-reason-word = Причина
failover-until = До
failover-until-hint = Для заморозки: 2026-12-24 18:00, в UTC. Блокировка действует, пока её не снимет человек.
failover-title-run = Аварийное переключение с { $name }
failover-title-drill = Учения: { $name }
failover-title-back = Обратное переключение на { $name }
failover-requested = Ждёт второго человека
failover-running = Идёт
failover-pausing = Приостановится после этого шага
failover-paused = Приостановлено
failover-asks-rule = Запрещено правилом безопасности
failover-asking = Шаг не удался
failover-done = Готово
failover-stopped = Остановлено
failover-refused = Отклонено
failover-step-waiting = ожидает
failover-step-running = идёт
failover-step-done = готов
failover-step-failed = не удался
failover-step-skipped = пропущен
failover-act-precheck = Проверить то, что примет нагрузку
failover-act-scale = Нарастить { $name } в { $to } на { $n ->
    [one] { $count } узел
    [few] { $count } узла
    [many] { $count } узлов
   *[other] { $count } узла
}
failover-act-start = Запустить { $name } в { $to }: { $n ->
    [one] { $count } узел
    [few] { $count } узла
    [many] { $count } узлов
   *[other] { $count } узла
}
failover-act-stop-writes = Остановить запись в { $name } в { $from }
failover-act-wait = Дождаться, пока в { $to } будут все данные { $name }
failover-act-promote = Сделать { $to } лидером { $name }
failover-act-verify = Убедиться, что лидер { $name } в { $to }
failover-act-shift = Перевести запросы к { $name } из { $from } в { $to }
failover-act-observe = Убедиться, что группа обслуживается
failover-act-return = Вернуть запросы к { $name } в { $to }
failover-act-release = Освободить { $n ->
    [one] { $count } узел
    [few] { $count } узла
    [many] { $count } узлов
   *[other] { $count } узла
} { $name } в { $from }
failover-rule-serving-least = Достаточно дата-центров
failover-rule-capacity = Ёмкость
failover-rule-lock = Блокировка
failover-rule-freeze = Заморозка
failover-rule-wait = Пауза между запусками
failover-plan-title = Аварийное переключение с { $name }
failover-plan-back = Обратное переключение на { $name }
failover-plan-note = Ничего ещё не запущено. План { $hash }, проверен { $at } UTC; при запуске проверяется ещё раз.
failover-plan-hash = План
failover-what = Что произойдёт
failover-nothing = Переводить нечего.
failover-nothing-detail = Ничего из того, что там работает, перевести нельзя, или там ничего не работает.
failover-moves-services = { $n ->
    [one] { $count } сервис
    [few] { $count } сервиса
    [many] { $count } сервисов
   *[other] { $count } сервиса
}
failover-moves-databases = { $n ->
    [one] { $count } база данных
    [few] { $count } базы данных
    [many] { $count } баз данных
   *[other] { $count } базы данных
}
failover-moves-nodes = { $n ->
    [one] поднимется { $count } узел
    [few] поднимутся { $count } узла
    [many] поднимутся { $count } узлов
   *[other] поднимутся { $count } узла
}
failover-empty = Там ничего не работает
failover-answer-not-known = Да для { $able } из { $all } регионов. Неизвестно для { $names }.
failover-stays-down = Останется недоступно: { $what }
failover-checks = Проверки
failover-at-risk = Данные под угрозой
failover-findings = Замечания
failover-steps = Шаги
failover-steps-of = { $name }: { $n ->
    [one] { $count } шаг
    [few] { $count } шага
    [many] { $count } шагов
   *[other] { $count } шага
}
failover-start = Запуск
failover-start-do = Запустить аварийное переключение с { $name }
failover-start-back = Запустить обратное переключение на { $name }
failover-start-note = Его можно приостановить после каждого шага и остановить; переведённое можно вернуть.
failover-other = { $run } ещё не завершён. Аварийные переключения идут по одному, по порядку.
failover-mode = Как
failover-mode-hint = С ожиданием ничего не теряется. Без ожидания нужен второй человек, если данные могут быть потеряны.
failover-mode-graceful = Дождаться данных
failover-mode-forced = Сразу
failover-mode-forced-loses = Сразу, с потерей того, чего нет на реплике
failover-drill = Это учения
failover-drill-hint = Выполняется всё равно по-настоящему; его время становится оценкой.
failover-confirm = Для подтверждения введите { $name }
failover-emergency = Второй человек недоступен
failover-emergency-hint = Запустится сразу, а другой человек должен будет провести разбор.
failover-emergency-word = Экстренно
failover-emergency-said = Запущено одним человеком; нужен разбор другим
failover-override = Обойти правило «{ $rule }»: { $why }
failover-started = Запустил: { $by },
failover-allowed = , разрешил: { $by }
failover-pause = Приостановить после этого шага
failover-resume = Возобновить
failover-fail-back = Обратное переключение…
failover-go-back = Остановить и вернуть…
failover-needs-second = Нужно разрешение второго человека.
failover-failed = Не удалось: { $what }.
failover-rule-stops = Правило безопасности запрещает: { $what }.
failover-rule-asking-detail = Больше ничего не начнётся. Повторите, когда правило будет соблюдаться, обойдите его, назвав по имени, остановитесь здесь или верните всё обратно.
failover-does-not-begin = не начинается.
failover-asking-detail = Больше ничего не начнётся. Повторите, пропустите шаг с указанием причины, остановитесь здесь или верните всё обратно.
failover-stopped-by = { $by }: { $reason }
failover-stopped-what = Остановлено. Переведённое остаётся там, где оно есть.
failover-refused-what = Ничего не переведено.
failover-stands = Действует до обратного переключения.
failover-stands-detail = Запросы и лидеры остаются там, куда их перевели.
failover-paused-by = Приостановлено: { $by }. Новые шаги не начинаются.
failover-groups = Группы в порядке восстановления
failover-log = Журнал
failover-takes-back = Возвращает
failover-allow = Разрешить и запустить
failover-retry = Повторить
failover-skip = Пропустить неудавшийся шаг…
failover-skip-asked = Пропустить этот шаг…
failover-override-rules = Обойти правила безопасности…
failover-override-rule = Обойти: { $rule }
failover-override-hint = Без этой отметки сначала спрашивается второй человек. С ней переключение продолжится сразу, а другой человек должен будет провести разбор.
failover-overridden = Обойдённые правила безопасности
failover-skip-running = Пропустить текущий шаг…
failover-approval = Согласование
failover-open-approval = Открыть { $id }
failover-stop = Остановить здесь…
failover-force = Больше не ждать данных…
failover-force-hint = Без этой отметки, если данные могут быть потеряны, сначала спрашивается второй человек. С ней другой человек должен будет провести разбор.
failover-no-data = Прошлые запуски и запреты сейчас прочитать нельзя.
failover-judged = Проверено { $at } UTC, { $age } назад.
failover-stuck = Застряло: { $what }.
failover-stuck-since = С { $at }, уже { $age }.
failover-stuck-measured = Идёт вдвое дольше самого долгого такого шага до сих пор; предел { $limit }.
failover-stuck-default = Идёт дольше { $limit }; такой шаг ещё ни разу не измеряли.
failover-drift = Изменения с последнего выполнения
failover-drift-never = До конца ни разу не выполнялось: что получится, покажут учения.
failover-drift-drill = Последние учения:
failover-drift-run = Последний запуск:
failover-drift-none = В плане ничего не изменилось.
failover-again = Что изменилось с момента просмотра
failover-again-same = План проверен заново: ничего не изменилось.
failover-again-changed = План проверен заново. Посмотрите, что изменилось, и тогда запускайте.
failover-again-unknown = План проверен заново. Что вы видели раньше, уже неизвестно.
failover-open = Открыть аварийное переключение
problem-failover = Аварийное переключение с { $lose } ждёт человека
problem-failover-detail = { $why } Дальше оно не идёт.
problem-failover-stuck = Аварийное переключение с { $lose } застряло
problem-failover-stuck-detail = { $n ->
    [0] Шаг «{ $step }» идёт дольше { $limit } с { $since }. { $waits }
    [one] Шаг «{ $step }» идёт дольше { $limit } с { $since }, и ещё { $more } шаг дольше своего предела. { $waits }
    [few] Шаг «{ $step }» идёт дольше { $limit } с { $since }, и ещё { $more } шага дольше своих пределов. { $waits }
    [many] Шаг «{ $step }» идёт дольше { $limit } с { $since }, и ещё { $more } шагов дольше своих пределов. { $waits }
   *[other] Шаг «{ $step }» идёт дольше { $limit } с { $since }, и ещё { $more } шага дольше своих пределов. { $waits }
}
problem-standby = { $db } не сможет аварийно переключиться на { $dc }
problem-standby-detail = { $why } При форсировании потеряется то, чего нет на реплике.
problem-dropped = { $group } в { $dc }: не хватает { $percent }% трафика
problem-dropped-detail = Трафик упал в { $dc } и больше нигде. План без { $dc } открывается одним нажатием.

## Orchestrator
orchestrator-title = Оркестратор
orchestrator-open = Оркестратор
orchestrator-note = Что означают падения трафика и что по ним решено
orchestrator-places = Трафик по дата-центрам и группам
orchestrator-col-datacenter = Дата-центр
orchestrator-col-mode = Режим
orchestrator-col-traffic = Трафик
orchestrator-none = Ни за чем не наблюдают.
orchestrator-none-detail = Не наблюдают за группами с выключенным режимом и за местами, откуда ушло аварийное переключение.
orchestrator-learning = Обучение
orchestrator-normal = Как ожидается
orchestrator-no-data = Нет данных
orchestrator-dropped = Упал
orchestrator-dropped-detail = Не хватает { $percent }: в секунду пришло { $observed } из { $expected }
orchestrator-decisions = Решения
orchestrator-quiet = Падений пока не было.
orchestrator-quiet-detail = Каждое хранится здесь со всеми вопросами и ответами, а также с тем, что было бы сделано там, где без человека ничего делать нельзя.
orchestrator-older = Более ранние решения
orchestrator-old = Что с трафиком, неизвестно.
orchestrator-old-since = Последняя проверка лидером: { $at }.
orchestrator-never = Ни один лидер ещё не проверял.
orchestrator-nothing = Ничего
orchestrator-watch = Наблюдать
orchestrator-advise = Посоветовать человеку
orchestrator-switch = Переключить
answer-yes = Да
answer-no = Нет
answer-not-known = Неизвестно
question-fresh = Данные свежие: давность { $age }, предел { $most }.
question-dropped = Трафик упал: не хватает { $size } (не меньше { $least }), уверенность { $sure } (не меньше { $surely }).
question-others = Остальные не упали: ровно { $steady }, упали { $dropped }, неизвестно { $unknown }.
question-second = Есть второй сигнал: обслуживает { $serving } узлов, агент не на связи { $silent }, с ошибкой { $errors } запросов.
question-healthy = Принимающая сторона исправна: обслуживает { $serving } узлов (не меньше { $least }).
question-capable = Принимающая сторона справится: запас в секунду { $spare }, нужно { $needed }.
question-near = Принимающая сторона достаточно близко: добавится { $extra }, предел { $most }.
question-cool = Последнее переключение было достаточно давно: { $since }, не меньше { $least }.
question-free = Ни правило, ни запрет этому не мешают.
question-forbidden = Запрещено: { $rules }.
failover-rule-holds = Соблюдается
failover-rule-broken = Не соблюдается

# Approvals
approvals = Согласования
approvals-note = Что просит один человек и должен разрешить другой, а также что сделано экстренно
approvals-open = Ожидают
approvals-over = С ответом или завершённые
approvals-none = Второго человека ничто не ждёт.
approvals-none-context = Сюда сначала попадает то, что теряет данные, обходит правило безопасности или даёт права.
approval-col-what = Что
approval-col-state = Состояние
approval-col-by = Запросил
approval-col-at = С
approval-col-until = До
approval-col-answered = Ответил или до
approval-failover = Аварийное переключение с { $lose }
approval-force = Форсировать { $run }, аварийное переключение с { $lose }
approval-override = { $run }, аварийное переключение с { $lose }, в обход правил безопасности: { $rules }
approval-restore = Восстановление поверх { $db }
approval-roll-back = Откат { $service } с { $from } на { $to }
approval-grants = Дополнительные роли: { $user }
approval-why-failover = Данные могут быть потеряны или обходится правило безопасности, поэтому сначала это разрешает второй человек.
approval-why-force = Резервным копиям может не хватать последних записей, поэтому сначала это разрешает второй человек.
approval-why-override = Правило безопасности это запрещает, поэтому сначала это разрешает второй человек.
approval-why-restore = Рабочая база данных будет перезаписана, поэтому сначала это разрешает второй человек.
approval-why-roll-back = Старая версия не читает то, что записала новая, поэтому сначала это разрешает второй человек.
approval-why-grants = Права не даёт один человек, поэтому сначала их разрешает второй администратор.
approval-waiting = Ждёт второго человека
approval-review-due = Ждёт разбора
approval-review-late = Разбора не было
approval-approved = Согласовано
approval-found-right = Признано правильным
approval-refused = Отклонено
approval-found-wrong = Признано неправильным
approval-withdrawn = Отозвано
approval-expired = Истекло
approval-void = Недействительно
approval-asked = Запросил: { $by }
approval-open-object = Открыть то, о чём запрос
approval-changed = Это уже не то, о чём запрашивали.
approval-what = Что будет сделано
approval-until = Недействительно после
approval-due = Разбор до
approval-bound = Привязано к
approval-needs = Кто может ответить
approval-no-reason = Не указана
approval-no-roles = нет
approval-grant = { $role } ({ $scope })
approval-before = Роли сейчас
approval-after = Роли потом
approval-approved-by = Согласовано: { $by }.
approval-right-by = Разбор: { $by }. Признано правильным.
approval-refused-by = Отклонено: { $by }.
approval-wrong-by = Разбор: { $by }. Признано неправильным.
approval-withdrawn-by = Отозвано: { $by }.
approval-expired-what = Вовремя никто не ответил.
approval-ask-again = Если это ещё нужно, запросите снова.
approval-void-what = Запрос недействителен.
approval-own = Это ваш запрос. Ответить должен второй человек.
approval-share = Отправьте адрес этой страницы тому, кто может ответить.
approval-answer = Ответ
approval-withdraw = Отозвать
approval-approve = Согласовать и запустить
approval-refuse = Отклонить
approval-right = Было правильно
approval-wrong = Было неправильно
approval-confirm-first = Сначала нужно подтвердить, что это вы.
approval-line-plan = { $groups } { $groups ->
        [one] группа
        [few] группы
        [many] групп
       *[other] группы
    }, { $steps } { $steps ->
        [one] шаг
        [few] шага
        [many] шагов
       *[other] шага
    }, { $mode }
approval-line-group = { $id }: { $steps } { $steps ->
        [one] шаг
        [few] шага
        [many] шагов
       *[other] шага
    }
approval-line-copy = Копия { $label } в { $dc } заменит то, что сейчас есть в { $db }
approval-line-roll-back = Все запросы к { $service } вернутся на { $to }; то, что читает только { $from }, пользователи потеряют
approval-line-force = { $run } продолжится без ожидания данных: то, чего не хватает резервной копии при переключении, будет потеряно
approval-line-override = { $run } продолжится, хотя это правило безопасности не соблюдается: { $rule }
approval-line-emergency = Сделано сразу, экстренно
problem-approval = { $what }: ждёт второго человека
problem-approval-detail = Запросил: { $by }. Станет недействительно после { $until } UTC.
problem-review = { $what }: сделано экстренно
problem-review-detail = Сделал: { $by }. Разбор другим человеком — до { $until } UTC.
problem-review-late = Сделал: { $by }. Разбора до { $until } UTC не было.

# Availability
nav-availability = Доступность
availability-title = Доступность
availability-title-of = Доступность: { $name }
availability-note = Что видели пользователи, минута за минутой, и сколько бюджета это стоило
availability-question = Насколько доступны были сервисы?
availability-answer = { $percent } { $window }. Израсходовано минут: { $used } из { $allowed }.
availability-gross = Без плановых работ; вместе с ними — { $percent }, израсходовано { $used } мин. Цель: { $target }.
availability-all-measured = Измерены все минуты.
availability-not-measured = Не измерено { $minutes } мин, они не считаются ни рабочими, ни простоем: { $worst }, если бы все они были простоем.
availability-since = Измеряется с { $at }.
availability-until = Подсчитано до { $at }.
availability-unknown = Ещё не измерено.
availability-unknown-detail = Минуты подсчитываются через несколько минут после того, как прошли, когда данные граничных прокси уже ничего не изменят.
availability-none = не измерено
availability-fraction = { $good } из { $total }
availability-scope = { $what } в { $region }
availability-services = { $n ->
    [one] { $count } сервис
    [few] { $count } сервиса
    [many] { $count } сервисов
   *[other] { $count } сервиса
}
availability-net = Без плановых
availability-gross-word = С плановыми
availability-target = Цель
availability-requests = С ответом
availability-down = Простой
availability-degraded = Деградация
availability-unmeasured = Не измерено
availability-planned = По плану
availability-up = Работает
availability-line = Состояния во времени
availability-inside = Подробнее
availability-resolution = Одно деление — { $step }, худшее состояние за это время.
availability-col-of = Чьё
availability-col-from = Когда
availability-col-worst = Худшее
availability-col-minutes = Минуты
availability-col-used = Расход бюджета
availability-shown = Показаны последние отрезки: { $shown } из { $all }.
availability-table-note = Минуты сервисов: минута, в которую не работали два сервиса, считается за две. Отрезки без единого сбоя опущены.
availability-used = { $net } без плановых, { $gross } с плановыми, из { $allowed } мин
availability-by-region = По регионам
availability-by-group = По группам
availability-by-service = По сервисам
availability-groups-of = Группы: { $name }
availability-year = За последние 365 дней: { $net } без плановых работ, { $gross } с ними; израсходовано { $used } мин без плановых, { $used_gross } с ними.
availability-year-means = { $target } оставляет { $time } в год.
minutes-short = { $n } мин
window-day = за последние 24 часа
window-days = за последние { $n } дн.
window-24h = 24 ч
window-short = { $n } д
budget-title = Бюджет ошибок
budget-note = цель { $target }, без плановых работ
budget-left = осталось
budget-pace = ровный расход
budget-sentence = Осталось минут: { $left } из { $allowed }.
budget-over = Израсходован, и сверх него ещё { $minutes } мин.
budget-requests = Неудачных запросов: { $errors } из { $requests }; цель допускает { $allowed }.
budget-card = Бюджет ошибок, 30 д
budget-card-none = Ни одна минута ещё не подсчитана.
budget-card-used = { $used } из { $allowed } мин
burn-title = Как быстро расходуются бюджеты
burn-col-state = Состояние
burn-page = Расходуется быстро
burn-ticket = Расходуется медленно
burn-calm = В пределах нормы
burn-limit = { $long } и { $short }: { $limit }
burn-note = При 1 бюджет израсходуется ровно полностью. В скобках — значение за короткое окно. Человек оповещается, когда оба выше своего предела: { $limits }.
outage-ledger = Журнал простоев
outage-ledger-note = Простои и пробелы в измерениях, сначала новые
outage-none = Простоев нет.
outage-none-detail = Сбоев не было, и все подсчитанные минуты измерены.
outage-older = Более ранние
outage-col-id = Номер
outage-col-scope = Что
outage-col-start = Начало
outage-col-end = Конец
outage-col-length = Длительность
outage-col-share = Затронуто запросов
outage-col-minutes = Минуты
outage-col-cause = Причина
outage-col-counts = Учёт
outage-goes-on = продолжается
outage-by-probes = по проверкам работоспособности
outage-share = { $percent }% ({ $errors } из { $requests }) неудачны
outage-counted = учитывается
outage-excluded = не учитывается без плановых
outage-explained = не измерено, объяснено
outage-unexplained = не измерено, не объяснено
outage-title-down = Простой: { $what }
outage-title-planned = Плановый простой: { $what }
outage-title-gap = Не измерялось: { $what }
outage-what = Что это было
outage-services = Сервисы
outage-datacenters = Дата-центры
outage-minutes = Простой { $down }, по плану { $planned }, не измерено { $unmeasured }; без плановых работ учитывается { $counted }
outage-minutes-title = Соседние минуты
outage-going-on = Что происходило
outage-nothing-on = Открытых проблем тогда не было.
outage-audit = Журнал аудита за это время
outage-corrections = Поправки
outage-no-corrections = Найденное никто не поправлял.
outage-before = раньше: { $old }
outage-correct-title = Укажите, что это было
outage-correct-note = Ничего не правится: это станет новой записью поверх прежних и записью в журнале аудита.
outage-correct = Добавить поправку
outage-exclude = Не учитывать в расчёте без плановых работ
outage-exclude-hint = В расчёте с плановыми работами по-прежнему учитывается.
outage-reason = Обоснование
outage-reason-hint = Не меньше 10 символов; его читают аудиторы.
outage-problem = Проблема
outage-problem-hint = Как at-12, или пусто
outage-rollout = Выкат
outage-rollout-hint = Как ro-12, или пусто
outage-run = Аварийное переключение
outage-run-hint = Как fo-12, или пусто
outage-mistake-cause = Выберите одну из причин
outage-mistake-problem = Укажите проблему в виде at-12 или оставьте поле пустым
outage-mistake-rollout = Укажите выкат в виде ro-12 или оставьте поле пустым
outage-mistake-run = Укажите переключение в виде fo-12 или оставьте поле пустым
cause-not-told = Ещё не указана
cause-platform-update = Обновление платформы
cause-infrastructure-update = Обновление инфраструктуры
cause-new-feature = Новая функция
cause-infrastructure-down = Сбой инфраструктуры
cause-attack = Атака
cause-natural-disaster = Стихийное бедствие
cause-urgent-hotfix = Срочное исправление
cause-overload = Перегрузка
cause-human-error = Ошибка человека
cause-planned = по плану
cause-unplanned = не по плану
report-title = Доступность, { $month }
report-open = Отчёт за этот месяц
report-until = Подсчитано до { $at }.
report-empty = Об этом месяце ничего не известно.
report-empty-detail = Ни одна его минута не подсчитана, или он старше хранимого срока.
report-figures = Показатели
report-month = За месяц
report-year = За год до его конца
report-both = { $net } без плановых работ (минут сервисов: { $net_of }), { $gross } с ними ({ $gross_of }).
report-causes = По причинам
report-outages = Простои
report-gross = Минуты с плановыми
report-net = Минуты без плановых
report-more = Показаны только последние { $shown }.
report-how = Как это измеряется
report-method = Минута сервиса в регионе считается простоем, если на граничных прокси региона не удалось не меньше 10% запросов его пользователей (статус 5xx или нет ответа), и деградацией — начиная с 1%. Если запросов меньше 10 или ни один граничный прокси не слышен, решают проверки работоспособности агентов; без них минута не измерена, то есть ни рабочая, ни простой. Плановые работы — простой в расчёте с ними и ничего не стоят в расчёте без них; для всего, что исключил человек, причина есть в журнале аудита. Время — UTC.
problem-burns-fast = { $service }: бюджет ошибок расходуется быстро
problem-burns-slowly = { $service }: бюджет ошибок расходуется
problem-burns-detail = За последние { $window } — не меньше чем в { $rate } раза быстрее допустимого. Если так продолжится, цель месяца не будет достигнута.
audit-outage-found = { $how ->
    [done] Обнаружение простоя или пробела
   *[tried] Попытка найти простои
}
audit-outage-correct = { $how ->
    [done] Поправка к сведениям о простое
   *[tried] Попытка поправить сведения о простое
}

## Runbooks
runbook-button = Ранбук
kind-runbook = Ранбук
kind-alias = Короткая ссылка
runbooks-note = Что делать, когда что-то идёт не так, шаг за шагом
runbooks-by = Порядок
runbooks-by-name = По имени
runbooks-by-service = По сервису
runbooks-by-alert = По виду проблемы
runbooks-filter = Имя, сервис, вид проблемы или ответственный
runbooks-none = Ни один ранбук не подходит под «{ $q }».
runbooks-next = Следующая страница
runbooks-overdue = { $n ->
    [one] пересмотреть { $count }
    [few] пересмотреть { $count }
    [many] пересмотреть { $count }
   *[other] пересмотреть { $count }
}
runbooks-uses-unknown = Когда каждый применялся, сейчас неизвестно
runbook-alert = Вид проблемы
runbook-col-reviewed = Пересмотрен
runbook-col-used = Применялся
runbook-never-used = Ни разу
runbook-overdue = Не пересматривался { $age }
runbook-owned = Ответственный: { $owner }.
runbook-reviewed = Пересмотрен
runbook-library = Поставляется с программой.
runbook-own = Собственный ранбук парка.
runbook-services = О чём
runbook-edit = Изменить...
runbook-new = Написать ранбук...
runbook-edit-title = Изменить ранбук { $slug }
runbook-edit-note = Сохраняется сразу на всех серверах и остаётся ревизией
runbook-text = Текст
runbook-slug = Имя
runbook-slug-hint = Последняя часть адреса: a-z, 0-9 и одиночные дефисы. Имя ранбука из поставки заменяет его.
runbook-source = Текст в Markdown
runbook-source-hint = Заголовочные данные между двумя строками из трёх плюсов, затем текст. Нумерованные пункты у левого края — это шаги.
runbook-reason = Почему, для журнала аудита
runbook-save = Сохранить ранбук
runbook-saved = Ранбук сохранён.
runbook-saved-detail = Ревизия { $revision } действует на всех серверах.
runbook-same = Ничего не изменится: это уже действует.
runbook-findings = Что исправить
runbook-mistakes = { $n ->
    [one] Исправьте { $count } ошибку из списка над текстом
    [few] Исправьте { $count } ошибки из списка над текстом
    [many] Исправьте { $count } ошибок из списка над текстом
   *[other] Исправьте { $count } ошибки из списка над текстом
}
runbook-line = Строка { $line }:
runbook-remove = Удалить собственный
runbook-remove-head = Удаление
runbook-remove-note = Если ранбук с этим именем есть в поставке, снова действует он.
rb-read = { $query }, прочитано { $at } UTC
rb-values-read = Текущие значения прочитаны { $at } UTC. Для новых обновите страницу.
rb-step = Шаг { $number }
rb-for = Открыто из проблемы
rb-for-ended = Открыто из проблемы, которая уже завершилась
rb-link-subject = открывается из проблемы
rb-link-roles = доступно ролям: { $roles }
rb-none-runs = ни один экземпляр не работает
rb-healthy = исправно { $healthy } из { $total }
rb-healthy-unknown = исправно { $healthy } из { $total }, неизвестно { $unknown }
rb-no-rollout = выкатов нет
rb-rollout = идёт { $id } до { $version }
rb-problems = { $n ->
    [0] нет
    [one] { $count } открыта
    [few] { $count } открыты
    [many] { $count } открыто
   *[other] { $count } открыто
}
rb-reporting = на связи
rb-never = не выходил на связь
rb-silent = не на связи с { $since }
rb-ready = готово
rb-ready-warnings = готово, с предупреждениями
rb-ready-unknown = неизвестно
rb-not-ready = не готово
rb-ready-cause = { $word }: { $cause }
rb-lag = отставание { $behind } в { $dc }, предел { $limit }
rb-backup-age = возраст { $age }, в { $dc }
rb-unknown-subject = неизвестно: откройте эту страницу из проблемы
rb-unknown-there = неизвестно: в парке нет { $id }
rb-unknown-silent = неизвестно: { $dc } не на связи
rb-unknown-data = неизвестно: данных ещё нет
rb-unknown-cluster = реплики нет: работает в одном дата-центре
rb-unknown-copy = нет копии, пригодной для восстановления
run-start = Начать проход
run-open = В работе
run-worked = Помогло
run-partly = Помогло отчасти
run-did-not = Не помогло
runs-title = Проходы ранбуков
runs-note = Кто по какому ранбуку работал и помогло ли это
runs-all = Все проходы
rb-runs-older = Более ранние
runs-empty = По ранбукам ещё никто не работал.
runs-empty-context = Откройте ранбук и начните проход: он сохраняет, что, когда и кем сделано.
run-col-run = Проход
run-col-runbook = Ранбук
run-col-about = Проблема
run-col-started = Начат
run-col-by = Кто
run-col-steps = Шагов сделано
run-col-outcome = Помогло ли
run-steps-of = { $done } из { $all }
rb-run-progress = Сделано шагов: { $done } из { $all }.
run-started = Начат: { $by }, { $at }.
run-runbook = Ранбук в нынешнем виде
run-lost = Что говорил ранбук, показать уже нельзя.
run-note = Заметка к шагу { $number }
run-note-hint = Заметка
run-add-note = Добавить заметку
run-done = Сделано
run-undone = Всё же не сделано
run-done-by = Сделано: { $by },
run-choose = Выберите
run-outcome = Помогло ли это?
run-outcome-missing = Выберите, помогло ли это
run-end = Завершение прохода
run-end-note = Что следует знать следующему
run-end-hint = Не больше { $most } символов.
run-finish = Завершить проход
run-ended = Завершён: { $by }, через { $took },

## Short links
aliases-title = Короткие ссылки
aliases-note = Имена, которые ведут на страницы консоли и остаются, когда те переезжают
aliases-empty = Коротких ссылок ещё нет.
aliases-empty-context = Создайте ссылку для того, что печатаете в оповещениях и документах.
aliases-dead = { $n ->
    [one] { $count } короткая ссылка никуда не ведёт
    [few] { $count } короткие ссылки никуда не ведут
    [many] { $count } коротких ссылок никуда не ведут
   *[other] { $count } короткой ссылки никуда не ведут
}
aliases-dead-detail = Направьте её на то, что заменило прежнюю цель, или удалите.
alias-col-link = Ссылка
alias-col-target = Ведёт на
alias-dead = Никуда не ведёт
alias-overdue = Пересмотреть
alias-moved = Цель переехала
alias-good = В порядке
alias-new = Новая короткая ссылка
alias-name = Имя
alias-name-hint = a-z, 0-9 и одиночные дефисы. Ссылка — это /go/ и это имя.
alias-target = Адрес
alias-target-hint = Всё, что стоит после хоста в адресе страницы, например /runbooks/standby-not-ready#step-2
alias-owner-hint = Команда или пользователь, кто за ней следит
alias-note = Где используется
alias-make = Создать короткую ссылку
alias-change = Изменить
alias-save = Сохранить, пересмотрена сегодня
alias-save-hint = Сохраняя, вы подтверждаете, что проверили, куда она ведёт.
alias-remove = Удалить { $name }
alias-remove-head = Удаление
alias-changed = Изменена
alias-changed-by = Кто изменил
problem-alias = Короткая ссылка /go/{ $alias } никуда не ведёт
problem-alias-detail = Ею недавно пользовались, а { $target } больше нет.

## Gone
gone-title = { $what }: больше нет
gone-fact = Этот адрес когда-то был верным.
gone-detail = Того, что он называл, больше нет.
gone-was = Что это было
gone-end = Как закончилось
gone-ended = Завершено
gone-by = Кто
gone-why = Почему
gone-successors = Что пришло на замену
gone-no-successor = Что пришло на замену, никто не записал.
gone-service = Сервис { $id }
gone-datacenter = Дата-центр { $id }
gone-region = Регион { $id }
gone-group = Группа { $id }
gone-database = База данных { $id }
gone-edge = Граничный прокси { $id }
gone-runbook = Ранбук { $slug }
gone-name = Название: { $name }.
gone-in-group = Входил в группу { $group }.
gone-in-region = Находился в { $region }.
gone-version = В парке была объявлена версия { $version }.
gone-last-entry = Последняя запись об этом: { $what }

approval-waiver = { $event } без проверки «{ $check }»
approval-why-waiver = Проверка планового события не закрыта, поэтому сначала второй человек соглашается обойтись без неё.
approval-line-waiver = { $event } может начаться, хотя «{ $check }» не пройдена, до { $until }

# Planned events
nav-events = События
events-note = Что будет изменено, где и когда, и проверки перед началом
events-next = Предстоящие
events-past = Прошедшие
events-none = Ничего не запланировано.
events-none-context = Здесь планируют обновления, новые функции и срочные исправления, чтобы никого не застать врасплох.
events-month = События, { $name }
events-utc = дни по UTC
events-more = и ещё { $n }
events-soon = Ближайшие 24 часа
event-named = { $id } { $title }
event-plan = Запланировать событие
event-plan-title = Новое событие
event-change-title = Изменение { $id }
event-change = Сохранить изменение
event-change-open = Изменить…
event-change-ticks = Отметки и послабления относились к прежним словам. После изменения всё проверяется заново.
event-form = Что будет сделано
event-col-what = Что
event-col-state = Состояние
event-col-when = Когда
event-col-where = Дата-центры
event-col-kind = Вид
event-col-by = Кто запланировал
event-kind-platform = Обновление платформы
event-kind-infrastructure = Обновление инфраструктуры
event-kind-feature = Новая функция
event-kind-hotfix = Срочное исправление
event-kind-hint = У срочного исправления те же проверки, что у любого выпуска.
event-planned = Запланировано
event-running = Идёт
event-done = Завершено
event-cancelled = Отменено
event-never-started = Время прошло, не начато
event-never-started-detail = Измените время или отмените событие.
event-overrun = Просрочено, не завершено
event-title = Название
event-what = Что делается
event-from = Начало
event-from-hint = UTC, в виде 2026-12-24 18:00; не дальше { $days } дней вперёд.
event-until = Конец
event-until-hint = UTC; не позже чем через { $days } дней после начала.
event-places = Дата-центры
event-places-hint = Идентификаторы через запятую: { $places }.
event-services = Сервисы
event-services-hint = По строке на каждый: идентификатор и новая версия, если она выходит. Пусто: все в этих дата-центрах.
event-services-all = все в этих дата-центрах
event-out = Выведены из трафика
event-out-hint = Эти дата-центры в это время не обслуживают пользователей.
event-compatible = Обратно совместимо
event-compatible-hint = Всё, что использует эти сервисы, работает без изменений.
event-effect = Ожидаемый эффект
event-way-back = Путь назад
event-way-back-hint = Как это отменить. У обновления инфраструктуры он обязателен.
event-commit = Коммит
event-commit-hint = Коммит репозитория, в котором есть вся конфигурация.
event-unwritten = не указано
event-no = нет
event-planned-by = Кто запланировал: { $by }
event-local = { $from } – { $until }
event-mistake-time = Укажите время в виде 2026-12-24 18:00, по UTC.
event-mistake-id = «{ $typed }» использовать нельзя: { $why }.
event-start = Начать
event-start-from = Начать можно с { $at }.
event-started = Начато: { $by }, { $at }.
event-without = Без проверок: { $names }.
event-end = Завершить
event-end-note = Как прошло
event-ended = Завершено: { $by }, { $at }.
event-cancel = Отменить событие
event-cancelled-by = Отменено: { $by }, { $at }.
event-ready = Все проверки пройдены или сняты.
event-ready-detail = Начало { $at }, через { $left }.
event-open = { $n ->
    [one] Не закрыта { $n } проверка.
    [few] Не закрыты { $n } проверки.
    [many] Не закрыто { $n } проверок.
   *[other] Не закрыто { $n } проверки.
}
event-checklist = Список проверок
event-checks-count = не закрыто { $open } из { $all }
event-check = Проверка
event-check-why = Почему
event-check-seen = На момент
event-check-fix = Открыть
event-check-open = Открыть, где исправляется «{ $name }»
event-check-passes = Пройдена
event-check-fails = Не пройдена
event-check-unknown = Неизвестно
event-check-waived = Снята
event-waived-until = Снята до { $at }.
event-check-backups-fresh = Резервные копии свежие
event-check-backups-proven = Резервные копии подтверждены
event-check-bench = Стенд пройден
event-check-configuration = Конфигурация в репозитории
event-check-pipeline = Конвейер свежий и без ошибок
event-check-nodes = Обслуживают два узла или больше
event-check-consumers = Зависимые сервисы проверены
event-check-pre-production = Сначала предпродакшен
event-check-way-back = Путь назад описан
event-check-no-failover = Аварийное переключение не идёт
event-check-gates = Нет ни блокировки, ни заморозки
event-check-collisions = Пересечений нет
event-tick = Отметить проверку
event-tick-note = Что вы посмотрели
event-waive = Запросить без проверки
event-waive-until = Снята до
event-waive-until-hint = UTC, в виде 2026-12-24 18:00; не дальше { $days } дней вперёд. Должен согласиться второй человек.
event-waivers = Послабления
event-log = { $what }: { $who }.
event-log-note = { $what }: { $who }. { $note }
event-log-title = Что произошло

## Notifications
problem-notify = Канал { $name } не доставляет сообщения
problem-notify-detail = С { $since } не дошло ни одного сообщения. Те, кто на него полагается, не узнают о проблемах.
problem-notify-stopped = Получатель сообщил, что его больше нет, и запросы прекращены. Те, кто на него полагается, не узнают о проблемах.
problem-snooze = Отложить
problem-snooze-title = Отложить на время
problem-snooze-text = До этого времени о ней больше не сообщают, если она не станет хуже. В списке она остаётся.
problem-snooze-for = На
problem-snoozed = Отложена до
problem-snoozed-by = { $until }, кем: { $who }
problem-wake = Больше не откладывать
problem-flaps = То появляется, то исчезает
problem-flaps-detail = За предыдущие полчаса открывалась раз: { $count }; завершится, когда её не будет { $minutes }.
problem-told = Кому сообщено
problem-told-none = Ни в один канал о ней не сообщали.
attention-snoozed = Отложенные
settings-notifications = Оповещения
notify-note = Кому сообщают о проблемах и доходит ли это
notify-caption = Каналы
notify-empty = О проблемах никому не сообщают.
notify-empty-context = Они видны только в разделе «Внимание». Создайте канал и отправьте проверку.
notify-no-url = В сообщениях нет ссылок.
notify-no-url-detail = Запустите серверы с --public-url, чтобы из сообщения можно было попасть в консоль.
notify-networks = Непубличные сети, куда можно сообщать
notify-networks-none = Нет: адрес должен быть публичным, а соединение зашифрованным. Другие разрешает параметр серверов --notify-allow.
notify-channel = Канал
notify-way = Способ
notify-to = Куда
notify-last = Последняя доставка
notify-next = Следующая попытка
notify-never = никогда
notify-way-webhook = Вебхук
notify-way-email = Электронная почта
notify-new-webhook = Новый вебхук
notify-new-email = Новый почтовый канал
notify-new-alertmanager = Новый Alertmanager
notify-change-title = Изменить { $name }
notify-idle = Ещё ничего не отправлено
notify-active = Доставляет
notify-failing = Сбои с { $at }
notify-paused = Приостановлен
notify-stopped = Остановлен: получателя больше нет
notify-stopped-detail = Получатель ответил 410. Возобновите канал, когда получатель появится снова, или удалите канал.
notify-fails-detail = Доставка повторяется, { $next }. Последний ответ: { $answer }
notify-fails-next = следующая попытка { $at }
notify-fails-none = при следующей проблеме
notify-given-up-count = Неудачных доставок с тех пор
notify-hears = Что сообщается
notify-hears-critical = Только критическое
notify-hears-warning = Всё
notify-hears-kinds = Виды
notify-hears-groups = Группы
notify-hears-datacenters = Дата-центры
notify-all = все
notify-repeats = Повтор
notify-repeats-every = каждые { $time }, пока открыта
notify-repeats-never = никогда
notify-made = Создан
notify-secret-fact = Секрет
notify-secret-has = хранится и не показывается
notify-secret-none = нет
notify-deliveries = Доставки
notify-deliveries-empty = Через него ещё ничего не отправляли.
notify-deliveries-empty-context = Отправьте проверку, чтобы увидеть, дойдёт ли она.
notify-delivery = Доставка
notify-what = О чём
notify-planned = Назначена
notify-state = Состояние
notify-tries = Попытки
notify-answer = Ответ
notify-no-answer = пока нет
notify-waiting = Ждёт до { $at }
notify-trying = Идёт попытка
notify-sent = Доставлена { $at }
notify-given-up = Попытки прекращены { $at }
notify-content-test = Проверка: { $by }
notify-content-several = Проблем: { $count }
notify-what-opened = { $title } (открыта)
notify-what-worse = { $title } (стало хуже)
notify-what-still = { $title } (всё ещё открыта)
notify-what-ended = { $title } (завершилась)
notify-trouble-not-allowed = не отправлено: адрес не разрешён
notify-trouble-name = имя не найдено
notify-trouble-connection = нет соединения
notify-trouble-encryption = нет зашифрованного соединения
notify-trouble-timeout = нет ответа вовремя
notify-trouble-secret = не отправлено: секрет не открывается, введите его снова
notify-trouble-message = не отправлено: сообщение не удалось составить
notify-trouble-interrupted = сервер остановился посередине
notify-test = Отправить проверку
notify-tested-sent = Проверка дошла.
notify-tested-failed = Проверка не дошла.
notify-change = Изменить
notify-pause = Приостановить
notify-resume = Возобновить
notify-remove = Удалить { $name }
notify-remove-title = Удаление
notify-remove-text = Через него больше ничего не отправляется, секрет удаляется. Сведения об отправленном хранятся 90 дней.
notify-rotate = Создать новый секрет
notify-rotate-title = Секрет подписи
notify-rotate-text = { $hours } часа сообщения подписываются и новым, и старым секретом, затем только новым.
notify-secret-shown = Секрет подписи канала { $name }. Скопируйте его сейчас.
notify-secret-shown-detail = Он показан только один раз. Тот, у кого он есть, может подделать сообщения Mainstay.
notify-secret-label = Секрет
notify-done-created = Канал создан. Отправьте через него проверку.
notify-done-changed = Канал изменён.
notify-done-paused = Канал приостановлен. Через него ничего не отправляется.
notify-done-resumed = Канал снова доставляет.
notify-done-removed = Канал удалён.
notify-field-name = Название
notify-field-url = Адрес
notify-field-url-hint = https, публичный; другие сети — только если их разрешают серверы
notify-field-am-hint = Основной адрес Alertmanager, например https://alerts.example.org
notify-field-host = Почтовый сервер
notify-field-port = Порт
notify-field-security = Шифрование
notify-security-start-tls = STARTTLS, обязательно
notify-security-tls = TLS с самого начала
notify-security-none = нет, только в разрешённых сетях
notify-field-user = Пользователь почтового сервера
notify-field-user-hint = Пусто: без входа
notify-field-password = Пароль почтового сервера
notify-field-token = Токен доступа
notify-field-secret-hint = Пусто: нет
notify-field-secret-keep = Пусто: остаётся прежним
notify-field-from = От кого
notify-field-to = Кому, через запятую
notify-field-least = О чём сообщать
notify-field-groups = Только эти группы
notify-field-datacenters = Только эти дата-центры
notify-field-ids-hint = Идентификаторы из парка через запятую; пусто: все
notify-field-kinds = Только эти виды проблем
notify-field-kinds-hint = Например service-down, traffic-dropped; пусто: все
notify-field-repeat = Повторять через (минут)
notify-field-repeat-hint = 0: никогда. Не больше { $most }.
notify-create = Создать канал
notify-save = Сохранить
field-address = адрес
field-server = почтовый сервер
field-port = порт
field-mailbox = адрес почтового ящика
field-secret = секрет
field-group = группа
mistake-web-address = Введите адрес вида https://hooks.example.org/mainstay, без имени, пароля и знака #.
mistake-mailbox = Введите почтовые адреса вида on-call@example.org.
mistake-not-public = Этот адрес не публичный. Выберите другой или разрешите его сеть параметром --notify-allow.
mistake-not-encrypted = Выберите зашифрованное соединение (https, TLS) или разрешите сеть параметром --notify-allow.
mistake-secret-again = Введите секрет снова: сохранённый не показывают другому серверу, пользователю или соединению.
audit-problem-snooze = { $how ->
    [done] Проблема отложена или больше не откладывается
   *[tried] Попытка отложить проблему
}
audit-channel-create = { $how ->
    [done] Создание канала оповещений
   *[tried] Попытка создать канал оповещений
}
audit-channel-change = { $how ->
    [done] Изменение канала оповещений
   *[tried] Попытка изменить канал оповещений
}
audit-channel-pause = { $how ->
    [done] Приостановка канала оповещений
   *[tried] Попытка приостановить канал оповещений
}
audit-channel-resume = { $how ->
    [done] Возобновление канала оповещений
   *[tried] Попытка возобновить канал оповещений
}
audit-channel-remove = { $how ->
    [done] Удаление канала оповещений
   *[tried] Попытка удалить канал оповещений
}
audit-channel-rotate = { $how ->
    [done] Новый секрет подписи канала
   *[tried] Попытка создать новый секрет подписи канала
}
audit-channel-test = { $how ->
    [done] Проверка канала оповещений
   *[tried] Попытка проверить канал оповещений
}
audit-channel-stop = { $how ->
    [done] Остановка канала: получателя больше нет
   *[tried] Попытка остановить канал
}
audit-delivery-give-up = { $how ->
    [done] Доставка оповещения прекращена
   *[tried] Попытка прекратить доставку оповещения
}

# Прошлое
snapshot = Снимок
snapshot-title = Так было { $at }
snapshot-detail = Только чтение: что где работало, какие агенты отвечали, какие проблемы были открыты. Измерения, выкаты, базы данных и трафик не сохраняются.
snapshot-earlier = на 1 мин раньше
snapshot-later = на 1 мин позже
snapshot-go-live = К настоящему
refusal-past = Это прошлое. Чтобы действовать, вернитесь к настоящему.
unrecorded = Об этом моменте ничего не известно.
unrecorded-detail = Никто не записал, что где работало { $at }: ни один сервер не был ведущим, или прошло больше 31 дня.
unrecorded-before = Последний известный момент до: { $at }
unrecorded-after = Первый известный момент после: { $at }
moment-unreadable = «{ $value }» — не момент времени. Напишите так: 2026-11-20T03:12:07Z.
moment-ahead = { $at } ещё не наступило.
keys-moment = скопировать ссылку на эту страницу, какой она видна сейчас
problem-then = Как было
problem-then-link = когда началась
settings-pipelines = Конвейеры
pipelines-note = Кто может сообщать о конвейерах поставки и что он сообщил
pipelines-caption = Источники
pipelines-empty = О конвейерах никто не сообщает.
pipelines-empty-context = Проверка конвейера — слова человека. Создайте источник, и на неё ответят его сообщения.
pipeline-source = Название
pipeline-format = Отправляет как
pipeline-format-generic = Любая программа с подписью
pipeline-below = Репозитории
pipeline-below-all = все
pipeline-below-hint = Адрес одного или общее начало всех, например github.com/acme. Пусто: все
pipeline-state = Состояние
pipeline-state-heard = На связи
pipeline-state-refused = Последнее отклонено
pipeline-state-silent = Пока ничего не прислано
pipeline-accepted = Последнее принято
pipeline-refused = Последнее отклонено
pipeline-never = никогда
pipeline-new = Новый источник
pipeline-create = Создать источник
pipeline-refused-signature = неверная подпись
pipeline-refused-stale = слишком старое
pipeline-refused-malformed = не удалось прочитать
pipeline-refused-elsewhere = не из его репозиториев
pipeline-refused-many = слишком много сразу
pipeline-setup = Как подключить
pipeline-setup-github = В репозитории или организации откройте Settings, Webhooks, Add webhook. Payload URL: адрес ниже; content type: application/json; secret: показанный здесь. Выберите отдельные события, из них workflow runs.
pipeline-setup-gitlab = В проекте или группе откройте Settings, Webhooks, Add new webhook. URL: адрес ниже; secret token: показанный здесь. Выберите pipeline events.
pipeline-setup-generic = Отправляйте JSON на адрес ниже с подписью по Standard Webhooks. Это делает последний шаг конвейера, секрет лежит в MAINSTAY_SECRET:
pipeline-messages = Сообщения
pipeline-messages-empty = Подписанных сообщений пока нет.
pipeline-messages-empty-context = Неверно подписанное только считается; рядом видно, когда отклонено последнее.
pipeline-when = Когда
pipeline-event = Вид
pipeline-verdict = Ответ
pipeline-said = О чём
pipeline-taken = Принято
pipeline-known = Уже известно
pipeline-left = Пропущено
pipeline-running = идёт
pipeline-passed = пройден
pipeline-failed = не пройден
pipeline-made = Создан
pipeline-overlap = Прежний секрет действует до
pipeline-rotate-title = Секрет
pipeline-rotate = Создать новый секрет
pipeline-rotate-text = Прежний действует рядом с ним ещё { $hours } ч, потом только новый.
pipeline-remove-title = Удаление
pipeline-remove = Удалить { $name }
pipeline-remove-text = Его секрет удаляется, а сказанное им о коммитах больше не учитывается.
pipeline-secret-shown = Секрет источника { $name }. Скопируйте его сейчас.
pipeline-secret-detail = Он показан один раз. Кто его знает, может сообщить, что конвейер пройден.
pipeline-secret-label = Секрет
pipeline-done-removed = Источник удалён. От него больше ничего не принимается.
mistake-repository = Напишите адрес репозитория, например https://git.example.org/shop, без пароля.
audit-pipeline-source-create = { $how ->
    [done] Новый источник сообщений о конвейерах
   *[tried] Попытка создать источник сообщений о конвейерах
}
audit-pipeline-source-rotate = { $how ->
    [done] Новый секрет источника сообщений о конвейерах
   *[tried] Попытка создать новый секрет источника сообщений о конвейерах
}
audit-pipeline-source-remove = { $how ->
    [done] Удаление источника сообщений о конвейерах
   *[tried] Попытка удалить источник сообщений о конвейерах
}
audit-pipeline-report = { $how ->
    [done] Сообщение о запуске конвейера
   *[tried] Попытка сообщить о запуске конвейера
}
event-repository = Репозиторий
event-repository-hint = Адрес репозитория с этим коммитом, например https://git.example.org/shop. У него спрашивают о коммите.
start-event = Плановое событие
start-event-none = Ни к какому не относится
start-event-hint = Выкатка видна на его странице. Некоторые сервисы требуют проверок события.
start-fixes = Что мешает
event-owned = Что к нему относится
event-owned-none = К нему пока не относится ни одна выкатка и ни одно переключение.
event-owned-what = Что
event-start-rollout = Начать выкатку { $service }...
event-of = Часть события
