// The built-in grok patterns: the customary names, each stated in our own words of regex.
// Sorted by name: they are looked up by binary search.
#include "transform/grok.h"

namespace spillway::transform {

namespace {

// clang-format off
constexpr GrokPattern kPatterns[] = {
    {"BACULA_DEVICE", R"re(%{USER})re"},
    {"BACULA_HOST", R"re([a-zA-Z0-9-]+)re"},
    {"BACULA_JOB", R"re(%{USER})re"},
    {"BACULA_TIMESTAMP", R"re(%{MONTHDAY}-%{MONTH} %{HOUR}:%{MINUTE})re"},
    {"BACULA_VOLUME", R"re(%{USER})re"},
    {"BASE10NUM", R"re((?<![0-9.+-])(?>[+-]?(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)))re"},
    {"BASE16FLOAT",
     R"re(\b(?<![0-9A-Fa-f.])[+-]?(?:0x)?(?:[0-9A-Fa-f]+(?:\.[0-9A-Fa-f]*)?|\.[0)re"
     R"re(-9A-Fa-f]+)\b)re"},
    {"BASE16NUM", R"re((?<![0-9A-Fa-f])[+-]?(?:0x)?[0-9A-Fa-f]+)re"},
    {"BIND9",
     R"re(%{BIND9_TIMESTAMP:timestamp} queries: %{LOGLEVEL:loglevel}: client %{I)re"
     R"re(P:clientip}#%{POSINT:clientport} \(%{GREEDYDATA:query}\): query: %{GRE)re"
     R"re(EDYDATA:target} IN %{GREEDYDATA:querytype} \(%{IP:dns}\))re"},
    {"BIND9_TIMESTAMP", R"re(%{MONTHDAY}[-]%{MONTH}[-]%{YEAR} %{TIME})re"},
    {"CATALINALOG", R"re(%{CATALINA_DATESTAMP:timestamp} %{JAVACLASS:class} %{JAVALOGMESSAGE:logmessage})re"},
    {"CATALINA_DATESTAMP", R"re(%{MONTH} %{MONTHDAY}, %{YEAR} %{HOUR}:%{MINUTE}:%{SECOND} (?:AM|PM))re"},
    {"CHINAID", R"re([1-9]\d{5}(?:18|19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[\dXx])re"},
    {"CISCOMAC", R"re((?:[A-Fa-f0-9]{4}\.){2}[A-Fa-f0-9]{4})re"},
    {"CISCOTAG", R"re([A-Z0-9]+-%{INT}-(?:[A-Z0-9_]+))re"},
    {"CISCOTIMESTAMP", R"re(%{MONTH} +%{MONTHDAY}(?: %{YEAR})? %{TIME})re"},
    {"CISCO_TAGGED_SYSLOG",
     R"re(^<%{POSINT:syslog_pri}>%{CISCOTIMESTAMP:timestamp}(?: %{SYSLOGHOST:sys)re"
     R"re(loghost})? ?: %%{CISCOTAG:ciscotag}:)re"},
    {"COMBINEDAPACHELOG", R"re(%{COMMONAPACHELOG} %{QS:referrer} %{QS:agent})re"},
    {"COMMONAPACHELOG",
     R"re(%{IPORHOST:clientip} %{HTTPDUSER:ident} %{USER:auth} \[%{HTTPDATE:time)re"
     R"re(stamp}\] "(?:%{WORD:verb} %{NOTSPACE:request}(?: HTTP/%{NUMBER:httpver)re"
     R"re(sion})?|%{DATA:rawrequest})" %{NUMBER:response} (?:%{NUMBER:bytes}|-))re"},
    {"COMMONMAC", R"re((?:[A-Fa-f0-9]{2}:){5}[A-Fa-f0-9]{2})re"},
    {"CRONLOG", R"re(%{SYSLOGBASE} \(%{USER:user}\) %{CRON_ACTION:action} \(%{DATA:message}\))re"},
    {"CRON_ACTION", R"re([A-Z ]+)re"},
    {"DATA", R"re(.*?)re"},
    {"DATE", R"re((?:%{DATE_US}|%{DATE_EU}))re"},
    {"DATESTAMP", R"re(%{DATE}[- ]%{TIME})re"},
    {"DATESTAMP_EVENTLOG", R"re(%{YEAR}%{MONTHNUM2}%{MONTHDAY}%{HOUR}%{MINUTE}%{SECOND})re"},
    {"DATESTAMP_OTHER", R"re(%{DAY} %{MONTH} %{MONTHDAY} %{TIME} %{TZ} %{YEAR})re"},
    {"DATESTAMP_RFC2822", R"re(%{DAY}, %{MONTHDAY} %{MONTH} %{YEAR} %{TIME} %{ISO8601_TIMEZONE})re"},
    {"DATESTAMP_RFC822", R"re(%{DAY} %{MONTH} %{MONTHDAY} %{YEAR} %{TIME} %{TZ})re"},
    {"DATE_EU", R"re(%{MONTHDAY}[./-]%{MONTHNUM}[./-]%{YEAR})re"},
    {"DATE_US", R"re(%{MONTHNUM}[/-]%{MONTHDAY}[/-]%{YEAR})re"},
    {"DAY",
     R"re((?:Mon(?:day)?|Tue(?:sday)?|Wed(?:nesday)?|Thu(?:rsday)?|Fri(?:day)?|S)re"
     R"re(at(?:urday)?|Sun(?:day)?))re"},
    {"ELB_ACCESS_LOG",
     R"re(%{TIMESTAMP_ISO8601:timestamp} %{NOTSPACE:elb} %{IP:clientip}:%{INT:cl)re"
     R"re(ientport} (?:(?:%{IP:backendip}:?%{INT:backendport})|-) %{NUMBER:reque)re"
     R"re(st_processing_time} %{NUMBER:backend_processing_time} %{NUMBER:respons)re"
     R"re(e_processing_time} %{INT:response} (?:-|%{INT:backend_response}) %{INT)re"
     R"re(:received_bytes} %{INT:bytes} "%{ELB_REQUEST_LINE}")re"},
    {"ELB_REQUEST_LINE",
     R"re((?:%{WORD:verb} %{ELB_URI:request}(?: HTTP/%{NUMBER:httpversion})?|%{D)re"
     R"re(ATA:rawrequest}))re"},
    {"ELB_URI",
     R"re(%{URIPROTO:proto}://(?:%{USER}(?::[^@]*)?@)?(?:%{URIHOST:urihost})?(?:)re"
     R"re(%{ELB_URIPATHPARAM})?)re"},
    {"ELB_URIPATHPARAM", R"re(%{URIPATH:path}(?:%{URIPARAM:params})?)re"},
    {"EMAILADDRESS", R"re(%{EMAILLOCALPART}@%{HOSTNAME})re"},
    {"EMAILLOCALPART",
     R"re([a-zA-Z0-9!#$%&'*+\-/=?^_`{|}~]{1,64}(?:\.[a-zA-Z0-9!#$%&'*+\-/=?^_`{|)re"
     R"re(}~]{1,62}){0,63})re"},
    {"EXIM_DATE", R"re(%{YEAR:exim_year}-%{MONTHNUM:exim_month}-%{MONTHDAY:exim_day} %{TIME:exim_time})re"},
    {"EXIM_FLAGS", R"re((?:<=|[-=>*]>|[*]{2}|==))re"},
    {"EXIM_INTERFACE", R"re((?:I=\[%{IP:exim_interface}\](?::%{NUMBER:exim_interface_port})))re"},
    {"EXIM_MSGID", R"re([0-9A-Za-z]{6}-[0-9A-Za-z]{6}-[0-9A-Za-z]{2})re"},
    {"EXIM_MSG_SIZE", R"re((?:S=%{NUMBER:exim_msg_size}))re"},
    {"EXIM_PID", R"re(\[%{POSINT}\])re"},
    {"EXIM_PROTOCOL", R"re((?:P=%{NOTSPACE:protocol}))re"},
    {"EXIM_QT", R"re((?:(?:\d+y)?(?:\d+w)?(?:\d+d)?(?:\d+h)?(?:\d+m)?(?:\d+s)?))re"},
    {"EXIM_REMOTE_HOST",
     R"re((?:H=(?:%{NOTSPACE:remote_hostname} )?(?:\(%{NOTSPACE:remote_heloname})re"
     R"re(\) )?\[%{IP:remote_host}\]))re"},
    {"EXIM_SUBJECT", R"re((?:T=%{QS:exim_subject}))re"},
    {"EXTRACTJSON",
     R"re((?P< json>\{\s*(?:(?P< json_pair>"(?:\\.|[^"\\])*"\s*:\s*(?P< json_value>)re"
     R"re("(?:\\.|[^"\\])*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null|\[\)re"
     R"re(s*(?:(?P> json_value)(?:\s*,\s*(?P> json_value))*)?\s*\]|(?P> json)))(?:\)re"
     R"re(s*,\s*(?P> json_pair))*)?\s*\}))re"},
    {"GREEDYDATA", R"re(.*)re"},
    {"HAPROXYCAPTUREDREQUESTHEADERS", R"re(%{DATA:captured_request_headers})re"},
    {"HAPROXYCAPTUREDRESPONSEHEADERS", R"re(%{DATA:captured_response_headers})re"},
    {"HAPROXYDATE",
     R"re(%{MONTHDAY:haproxy_monthday}/%{MONTH:haproxy_month}/%{YEAR:haproxy_yea)re"
     R"re(r}:%{HAPROXYTIME:haproxy_time}\.%{INT:haproxy_milliseconds})re"},
    {"HAPROXYHTTP",
     R"re((?:%{SYSLOGTIMESTAMP:syslog_timestamp}|%{TIMESTAMP_ISO8601:timestamp86)re"
     R"re(01}) %{IPORHOST:syslog_server} %{SYSLOGPROG}: %{HAPROXYHTTPBASE})re"},
    {"HAPROXYHTTPBASE",
     R"re(%{IP:client_ip}:%{INT:client_port} \[%{HAPROXYDATE:accept_date}\] %{NO)re"
     R"re(TSPACE:frontend_name} %{NOTSPACE:backend_name}/%{NOTSPACE:server_name})re"
     R"re( %{INT:time_request}/%{INT:time_queue}/%{INT:time_backend_connect}/%{I)re"
     R"re(NT:time_backend_response}/%{NOTSPACE:time_duration} %{INT:http_status_)re"
     R"re(code} %{NOTSPACE:bytes_read} %{DATA:captured_request_cookie} %{DATA:ca)re"
     R"re(ptured_response_cookie} %{NOTSPACE:termination_state} %{INT:actconn}/%)re"
     R"re({INT:feconn}/%{INT:beconn}/%{INT:srvconn}/%{NOTSPACE:retries} %{INT:sr)re"
     R"re(v_queue}/%{INT:backend_queue} (?:\{%{HAPROXYCAPTUREDREQUESTHEADERS}\} )re"
     R"re()?(?:\{%{HAPROXYCAPTUREDRESPONSEHEADERS}\} )?"(?:<BADREQ>|(?:%{WORD:ht)re"
     R"re(tp_verb} (?:%{URIPROTO:http_proto}://)?(?:%{USER:http_user}(?::[^@]*)?)re"
     R"re(@)?(?:%{URIHOST:http_host})?(?:%{URIPATHPARAM:http_request})?(?: HTTP/)re"
     R"re(%{NUMBER:http_version})?))?")re"},
    {"HAPROXYTCP",
     R"re((?:%{SYSLOGTIMESTAMP:syslog_timestamp}|%{TIMESTAMP_ISO8601:timestamp86)re"
     R"re(01}) %{IPORHOST:syslog_server} %{SYSLOGPROG}: %{IP:client_ip}:%{INT:cl)re"
     R"re(ient_port} \[%{HAPROXYDATE:accept_date}\] %{NOTSPACE:frontend_name} %{)re"
     R"re(NOTSPACE:backend_name}/%{NOTSPACE:server_name} %{INT:time_queue}/%{INT)re"
     R"re(:time_backend_connect}/%{NOTSPACE:time_duration} %{NOTSPACE:bytes_read)re"
     R"re(} %{NOTSPACE:termination_state} %{INT:actconn}/%{INT:feconn}/%{INT:bec)re"
     R"re(onn}/%{INT:srvconn}/%{NOTSPACE:retries} %{INT:srv_queue}/%{INT:backend)re"
     R"re(_queue})re"},
    {"HAPROXYTIME", R"re((?<![0-9])%{HOUR}:%{MINUTE}(?::%{SECOND})(?![0-9]))re"},
    {"HOST", R"re(%{HOSTNAME})re"},
    {"HOSTNAME", R"re(\b[0-9A-Za-z][0-9A-Za-z-]{0,62}(?:\.[0-9A-Za-z][0-9A-Za-z-]{0,62})*(?:\.?|\b))re"},
    {"HOSTPORT", R"re(%{IPORHOST}:%{POSINT})re"},
    {"HOUR", R"re((?:2[0123]|[01]?[0-9]))re"},
    {"HTTPD20_ERRORLOG",
     R"re(\[%{HTTPDERROR_DATE:timestamp}\] \[%{LOGLEVEL:loglevel}\] (?:\[client )re"
     R"re(%{IPORHOST:clientip}\] ){0,1}%{GREEDYDATA:message})re"},
    {"HTTPD24_ERRORLOG",
     R"re(\[%{HTTPDERROR_DATE:timestamp}\] \[(?:%{WORD:module})?:%{LOGLEVEL:logl)re"
     R"re(evel}\] \[pid %{POSINT:pid}(?::tid %{NUMBER:tid})?\](?: \(%{POSINT:pro)re"
     R"re(xy_errorcode}\)%{DATA:proxy_message}:)?(?: \[client %{IPORHOST:clienti)re"
     R"re(p}:%{POSINT:clientport}\])?(?: %{DATA:errorcode}:)? %{GREEDYDATA:messa)re"
     R"re(ge})re"},
    {"HTTPDATE", R"re(%{MONTHDAY}/%{MONTH}/%{YEAR}:%{TIME} %{INT})re"},
    {"HTTPDERROR_DATE", R"re(%{DAY} %{MONTH} %{MONTHDAY} %{TIME} %{YEAR})re"},
    {"HTTPDUSER", R"re((?:%{EMAILADDRESS}|%{USER}))re"},
    {"HTTPD_COMBINEDLOG", R"re(%{COMBINEDAPACHELOG})re"},
    {"HTTPD_COMMONLOG", R"re(%{COMMONAPACHELOG})re"},
    {"HTTPD_ERRORLOG", R"re(%{HTTPD24_ERRORLOG})re"},
    {"INT", R"re([+-]?[0-9]+)re"},
    {"IP", R"re((?:%{IPV6}|%{IPV4}))re"},
    {"IPORHOST", R"re((?:%{IP}|%{HOSTNAME}))re"},
    {"IPV4",
     R"re((?<![0-9])(?:25[0-5]|2[0-4][0-9]|[0-1]?[0-9]{1,2})(?:\.(?:25[0-5]|2[0-)re"
     R"re(4][0-9]|[0-1]?[0-9]{1,2})){3}(?![0-9]))re"},
    {"IPV6",
     R"re((?:(?:(?:[0-9A-Fa-f]{1,4}:){7}(?:[0-9A-Fa-f]{1,4}|:))|(?:(?:[0-9A-Fa-f)re"
     R"re(]{1,4}:){6}(?::[0-9A-Fa-f]{1,4}|(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:)re"
     R"re(\.(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)){3}|:))|(?:(?:[0-9A-Fa-f]{1,4}:))re"
     R"re({5}(?:(?::[0-9A-Fa-f]{1,4}){1,2}|:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)()re"
     R"re(?:\.(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)){3}|:))|(?:(?:[0-9A-Fa-f]{1,4})re"
     R"re(:){4}(?:(?::[0-9A-Fa-f]{1,4}){1,3}|(?::[0-9A-Fa-f]{1,4})?:(?:25[0-5]|2)re"
     R"re([0-4]\d|1\d\d|[1-9]?\d)(?:\.(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)){3}|:))re"
     R"re()|(?:(?:[0-9A-Fa-f]{1,4}:){3}(?:(?::[0-9A-Fa-f]{1,4}){1,4}|(?::[0-9A-F)re"
     R"re(a-f]{1,4}){0,2}:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?:25[0-5]|2[0)re"
     R"re(-4]\d|1\d\d|[1-9]?\d)){3}|:))|(?:(?:[0-9A-Fa-f]{1,4}:){2}(?:(?::[0-9A-)re"
     R"re(Fa-f]{1,4}){1,5}|(?::[0-9A-Fa-f]{1,4}){0,3}:(?:25[0-5]|2[0-4]\d|1\d\d|)re"
     R"re([1-9]?\d)(?:\.(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)){3}|:))|(?:[0-9A-Fa-)re"
     R"re(f]{1,4}:(?:(?::[0-9A-Fa-f]{1,4}){1,6}|(?::[0-9A-Fa-f]{1,4}){0,4}:(?:25)re"
     R"re([0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d))re"
     R"re(){3}|:))|(?::(?:(?::[0-9A-Fa-f]{1,4}){1,7}|(?::[0-9A-Fa-f]{1,4}){0,5}:)re"
     R"re((?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?:25[0-5]|2[0-4]\d|1\d\d|[1-9)re"
     R"re(]?\d)){3}|:)))(?:%\w+)?)re"},
    {"ISO8601_HOUR", R"re((?:2[0123]|[01][0-9]))re"},
    {"ISO8601_SECOND", R"re((?:%{SECOND}|60))re"},
    {"ISO8601_TIMEZONE", R"re((?:Z|[+-]%{HOUR}(?::?%{MINUTE})))re"},
    {"JAVACLASS", R"re((?:[a-zA-Z$_][a-zA-Z$_0-9]*\.)*[a-zA-Z$_][a-zA-Z$_0-9]*)re"},
    {"JAVAFILE", R"re((?:[a-zA-Z$_0-9. -]+))re"},
    {"JAVALOGMESSAGE", R"re((?:.*))re"},
    {"JAVAMETHOD", R"re((?:<(?:cl)?init>|[a-zA-Z$_][a-zA-Z$_0-9]*))re"},
    {"JAVASTACKTRACEPART",
     R"re(\s*at %{JAVACLASS:class}\.%{JAVAMETHOD:method}\((?:%{JAVAFILE:file}(?:)re"
     R"re(:%{NUMBER:line})?|Native Method|Unknown Source)\))re"},
    {"JAVATHREAD", R"re((?:[A-Z]{2}-Processor[\d]+))re"},
    {"LOGLEVEL",
     R"re((?:[Aa]lert|ALERT|[Tt]race|TRACE|[Dd]ebug|DEBUG|[Nn]otice|NOTICE|[Ii]n)re"
     R"re(fo(?:rmation)?|INFO(?:RMATION)?|[Ww]arn(?:ing)?|WARN(?:ING)?|[Ee]rr(?:)re"
     R"re(or)?|ERR(?:OR)?|[Cc]rit(?:ical)?|CRIT(?:ICAL)?|[Ff]atal|FATAL|[Ss]ever)re"
     R"re(e|SEVERE|EMERG(?:ENCY)?|[Ee]merg(?:ency)?))re"},
    {"MAC", R"re((?:%{CISCOMAC}|%{WINDOWSMAC}|%{COMMONMAC}))re"},
    {"MAVEN_VERSION", R"re((?:\d+)\.(?:\d+)(?:\.(?:\d+))?(?:[.-](?:RELEASE|SNAPSHOT))?)re"},
    {"MINUTE", R"re([0-5][0-9])re"},
    {"MONGO3_COMPONENT", R"re(%{WORD}|-)re"},
    {"MONGO3_LOG",
     R"re(%{TIMESTAMP_ISO8601:timestamp} %{MONGO3_SEVERITY:severity} %{MONGO3_CO)re"
     R"re(MPONENT:component}%{SPACE}(?:\[%{DATA:context}\])? %{GREEDYDATA:messag)re"
     R"re(e})re"},
    {"MONGO3_SEVERITY", R"re(\w)re"},
    {"MONGO_LOG", R"re(%{SYSLOGTIMESTAMP:timestamp} \[%{WORD:component}\] %{GREEDYDATA:message})re"},
    {"MONGO_QUERY", R"re(\{ (?<=\{ ).*(?= \} ntoreturn:) \})re"},
    {"MONGO_SLOWQUERY",
     R"re(%{WORD} %{MONGO_WORDDASH:database}\.%{MONGO_WORDDASH:collection} %{WOR)re"
     R"re(D}: %{MONGO_QUERY:query} %{WORD}:%{NONNEGINT:ntoreturn} %{WORD}:%{NONN)re"
     R"re(EGINT:ntoskip} %{WORD}:%{NONNEGINT:nscanned}.*nreturned:%{NONNEGINT:nr)re"
     R"re(eturned}..+ (?P<duration>[0-9]+)ms)re"},
    {"MONGO_WORDDASH", R"re(\b[\w-]+\b)re"},
    {"MONTH",
     R"re(\b(?:[Jj]an(?:uary)?|[Ff]eb(?:ruary)?|[Mm]ar(?:ch)?|[Aa]pr(?:il)?|[Mm])re"
     R"re(ay|[Jj]une?|[Jj]uly?|[Aa]ug(?:ust)?|[Ss]ep(?:t(?:ember)?)?|[Oo]ct(?:ob)re"
     R"re(er)?|[Nn]ov(?:ember)?|[Dd]ec(?:ember)?)\b)re"},
    {"MONTHDAY", R"re((?:0[1-9]|[12][0-9]|3[01]|[1-9]))re"},
    {"MONTHNUM", R"re((?:0?[1-9]|1[0-2]))re"},
    {"MONTHNUM2", R"re((?:0[1-9]|1[0-2]))re"},
    {"NAGIOSTIME", R"re(\[%{NUMBER:nagios_epoch}\])re"},
    {"NGINXACCESS",
     R"re(%{IPORHOST:clientip} %{HTTPDUSER:ident} %{HTTPDUSER:auth} \[%{HTTPDATE)re"
     R"re(:timestamp}\] "(?:%{WORD:verb} %{NOTSPACE:request}(?: HTTP/%{NUMBER:ht)re"
     R"re(tpversion})?|%{DATA:rawrequest})" %{NUMBER:response} (?:%{NUMBER:bytes)re"
     R"re(}|-) %{QS:referrer} %{QS:agent})re"},
    {"NONNEGINT", R"re(\b[0-9]+\b)re"},
    {"NOTSPACE", R"re(\S+)re"},
    {"NUMBER", R"re(%{BASE10NUM})re"},
    {"PATH", R"re((?:%{UNIXPATH}|%{WINPATH}))re"},
    {"POSINT", R"re(\b[1-9][0-9]*\b)re"},
    {"POSTGRESQL",
     R"re(%{DATESTAMP:timestamp} %{TZ} %{DATA:user_id} %{GREEDYDATA:connection_i)re"
     R"re(d} %{POSINT:pid})re"},
    {"PROG", R"re([\x21-\x5a\x5c\x5e-\x7e]+)re"},
    {"QS", R"re(%{QUOTEDSTRING})re"},
    {"QUOTEDSTRING",
     R"re((?>(?<!\\)(?>"(?>\\.|[^\\"]+)+"|""|(?>'(?>\\.|[^\\']+)+')|''|(?>`(?>\\)re"
     R"re(.|[^\\`]+)+`)|``)))re"},
    {"RAILS3FOOT", R"re(Completed %{NUMBER:response}%{DATA} in %{NUMBER:totalms}ms %{GREEDYDATA})re"},
    {"RAILS3HEAD",
     R"re((?m)Started %{WORD:verb} "%{URIPATHPARAM:request}" for %{IPORHOST:clie)re"
     R"re(ntip} at (?P<timestamp>%{YEAR}-%{MONTHNUM}-%{MONTHDAY} %{HOUR}:%{MINUT)re"
     R"re(E}:%{SECOND} %{ISO8601_TIMEZONE}))re"},
    {"RCONTROLLER", R"re((?P<controller>[^#]+)#(?P<action>\w+))re"},
    {"REDISLOG", R"re(\[%{POSINT:pid}\] %{REDISTIMESTAMP:timestamp} \* )re"},
    {"REDISMONLOG",
     R"re(%{NUMBER:timestamp} \[%{INT:database} %{IP:client}:%{NUMBER:port}\] "%)re"
     R"re({WORD:command}"\s?%{GREEDYDATA:params})re"},
    {"REDISTIMESTAMP", R"re(%{MONTHDAY} %{MONTH} %{TIME})re"},
    {"RPROCESSING",
     R"re(\W*Processing by %{RCONTROLLER} as (?P<format>\S+)(?:\W*Parameters: \{)re"
     R"re(%{DATA:params}\}\W*)?)re"},
    {"RUBY_LOGGER",
     R"re([DFEWI], \[%{TIMESTAMP_ISO8601:timestamp} #%{POSINT:pid}\] *%{RUBY_LOG)re"
     R"re(LEVEL:loglevel} -- +%{DATA:progname}: %{GREEDYDATA:message})re"},
    {"RUBY_LOGLEVEL", R"re((?:DEBUG|FATAL|ERROR|WARN|INFO))re"},
    {"RUUID", R"re([0-9a-fA-F]{32})re"},
    {"S3_ACCESS_LOG",
     R"re(%{WORD:owner} %{NOTSPACE:bucket} \[%{HTTPDATE:timestamp}\] %{IP:client)re"
     R"re(ip} %{NOTSPACE:requester} %{NOTSPACE:request_id} %{NOTSPACE:operation})re"
     R"re( %{NOTSPACE:key} (?:"%{S3_REQUEST_LINE}"|-) (?:%{INT:response}|-) (?:-)re"
     R"re(|%{NOTSPACE:error_code}) (?:%{INT:bytes}|-) (?:%{INT:object_size}|-) ()re"
     R"re(?:%{INT:request_time_ms}|-) (?:%{INT:turnaround_time_ms}|-) (?:%{QS:re)re"
     R"re(ferrer}|-) (?:"?%{QS:agent}"?|-) (?:-|%{NOTSPACE:version_id}))re"},
    {"S3_REQUEST_LINE",
     R"re((?:%{WORD:verb} %{NOTSPACE:request}(?: HTTP/%{NUMBER:httpversion})?|%{)re"
     R"re(DATA:rawrequest}))re"},
    {"SECOND", R"re((?:[0-5]?[0-9]|60)(?:[:.,][0-9]+)?)re"},
    {"SHOREWALL",
     R"re((?:%{SYSLOGTIMESTAMP:timestamp}) (?:%{WORD:nf_host}) .*Shorewall:(?:%{)re"
     R"re(WORD:nf_action1})?:(?:%{WORD:nf_action2})?.*IN=(?:%{USERNAME:nf_in_int)re"
     R"re(erface})?.*(?:OUT= *MAC=(?:%{COMMONMAC:nf_dst_mac}):(?:%{COMMONMAC:nf_)re"
     R"re(src_mac})?|OUT=%{USERNAME:nf_out_interface}).*SRC=(?:%{IPV4:nf_src_ip})re"
     R"re().*DST=(?:%{IPV4:nf_dst_ip}).*PROTO=(?:%{WORD:nf_protocol}).*)re"},
    {"SPACE", R"re(\s*)re"},
    {"SQUID3",
     R"re(%{NUMBER:timestamp}\s+%{NUMBER:duration} %{IP:client_address} %{WORD:c)re"
     R"re(ache_result}/%{POSINT:status_code} %{NUMBER:bytes} %{WORD:request_meth)re"
     R"re(od} %{NOTSPACE:url} (?:%{NOTSPACE:user}|-) %{WORD:hierarchy_code}/%{IP)re"
     R"re(ORHOST:server} %{NOTSPACE:content_type})re"},
    {"SYSLOG5424BASE",
     R"re(%{SYSLOG5424PRI}%{NONNEGINT:syslog5424_ver} +(?:%{TIMESTAMP_ISO8601:sy)re"
     R"re(slog5424_ts}|-) +(?:%{IPORHOST:syslog5424_host}|-) +(?:-|%{SYSLOG5424P)re"
     R"re(RINTASCII:syslog5424_app}) +(?:-|%{SYSLOG5424PRINTASCII:syslog5424_pro)re"
     R"re(c}) +(?:-|%{SYSLOG5424PRINTASCII:syslog5424_msgid}) +(?:%{SYSLOG5424SD)re"
     R"re(:syslog5424_sd}|-|))re"},
    {"SYSLOG5424LINE", R"re(%{SYSLOG5424BASE} +%{GREEDYDATA:syslog5424_msg})re"},
    {"SYSLOG5424PRI", R"re(<%{NONNEGINT:syslog5424_pri}>)re"},
    {"SYSLOG5424PRINTASCII", R"re([!-~]+)re"},
    {"SYSLOG5424SD", R"re(\[%{DATA}\]+)re"},
    {"SYSLOGBASE",
     R"re(%{SYSLOGTIMESTAMP:timestamp} (?:%{SYSLOGFACILITY} )?%{SYSLOGHOST:logso)re"
     R"re(urce} %{SYSLOGPROG}:)re"},
    {"SYSLOGBASE2",
     R"re((?:%{SYSLOGTIMESTAMP:timestamp}|%{TIMESTAMP_ISO8601:timestamp8601}) (?)re"
     R"re(:%{SYSLOGFACILITY} )?%{SYSLOGHOST:logsource}(?: %{SYSLOGPROG}:|))re"},
    {"SYSLOGFACILITY", R"re(<%{NONNEGINT:facility}.%{NONNEGINT:priority}>)re"},
    {"SYSLOGHOST", R"re(%{IPORHOST})re"},
    {"SYSLOGLINE", R"re(%{SYSLOGBASE2} %{GREEDYDATA:message})re"},
    {"SYSLOGPAMSESSION",
     R"re(%{SYSLOGBASE} (?:%{DATA:pam_message} )?%{WORD:pam_module}\(%{DATA:pam_)re"
     R"re(caller}\): session %{WORD:pam_session_state} for user %{USERNAME:usern)re"
     R"re(ame}(?: by %{GREEDYDATA:pam_by})?)re"},
    {"SYSLOGPROG", R"re(%{PROG:program}(?:\[%{POSINT:pid}\])?)re"},
    {"SYSLOGTIMESTAMP", R"re(%{MONTH} +%{MONTHDAY} %{TIME})re"},
    {"TIME", R"re((?<![0-9])%{HOUR}:%{MINUTE}(?::%{SECOND})(?![0-9]))re"},
    {"TIMESTAMP_ISO8601",
     R"re(%{YEAR}-%{MONTHNUM}-%{MONTHDAY}[T ]%{HOUR}:?%{MINUTE}(?::?%{SECOND})?%)re"
     R"re({ISO8601_TIMEZONE}?)re"},
    {"TOMCATLOG",
     R"re(%{TOMCAT_DATESTAMP:timestamp} \| %{LOGLEVEL:level} \| %{JAVACLASS:clas)re"
     R"re(s} - %{JAVALOGMESSAGE:logmessage})re"},
    {"TOMCAT_DATESTAMP", R"re(%{YEAR}-%{MONTHNUM}-%{MONTHDAY} %{HOUR}:%{MINUTE}:%{SECOND} %{ISO8601_TIMEZONE})re"},
    {"TTY", R"re(/dev/(?:pts|tty(?:[pq])?)(?:\w+)?/?(?:[0-9]+))re"},
    {"TZ", R"re((?:[APMCE][SD]T|UTC))re"},
    {"UNIXPATH", R"re((?:/[\w_%!$@:.,+~-]*)+)re"},
    {"URI", R"re(%{URIPROTO}://(?:%{USER}(?::[^@]*)?@)?(?:%{URIHOST})?(?:%{URIPATHPARAM})?)re"},
    {"URIHOST", R"re(%{IPORHOST}(?::%{POSINT:port})?)re"},
    {"URIPARAM", R"re(\?%{URIQUERY})re"},
    {"URIPATH", R"re((?:/[A-Za-z0-9$.+!*'(){},~:;=@#%&_\-]*)+)re"},
    {"URIPATHPARAM", R"re(%{URIPATH}(?:%{URIPARAM})?)re"},
    {"URIPROTO", R"re([A-Za-z][A-Za-z0-9+\-.]*)re"},
    {"URIQUERY", R"re([A-Za-z0-9$.+!*'|(){},~@#%&/=:;_?\-\[\]<>]*)re"},
    {"URN",
     R"re(urn:[0-9A-Za-z][0-9A-Za-z-]{0,31}:(?:%[0-9a-fA-F]{2}|[0-9A-Za-z()+,.:=)re"
     R"re(@;$_!*'/?#-])+)re"},
    {"USER", R"re(%{USERNAME})re"},
    {"USERNAME", R"re([a-zA-Z0-9._-]+)re"},
    {"UUID", R"re([A-Fa-f0-9]{8}-(?:[A-Fa-f0-9]{4}-){3}[A-Fa-f0-9]{12})re"},
    {"WINDOWSMAC", R"re((?:[A-Fa-f0-9]{2}-){5}[A-Fa-f0-9]{2})re"},
    {"WINPATH", R"re((?>[A-Za-z]+:|\\)(?:\\[^\\?*]*)+)re"},
    {"WORD", R"re(\b\w+\b)re"},
    {"YEAR", R"re((?>\d\d){1,2})re"},
};
// clang-format on

}  // namespace

std::span<const GrokPattern> built_in_grok_patterns() {
    return kPatterns;
}

}  // namespace spillway::transform
