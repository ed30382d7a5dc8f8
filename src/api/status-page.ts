import { pagePolicy } from './page-policy.ts';
import { signInForm, signInScript, signInStyle } from './sign-in-page.ts';

// The page at "/": one file, no request but to this gateway, readable on a phone, in the dark, and when it is stale.

const style = `
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { margin: 0 auto; max-width: 46rem; padding: 2rem 1rem; }
h1 { font-size: 1.1rem; font-weight: 600; margin: 0; }
#summary { font-size: 1.35rem; margin: .25rem 0 1.5rem; }
dl { display: grid; grid-template-columns: repeat(auto-fill, minmax(13rem, 1fr)); gap: 1rem; margin: 0 0 2rem; }
dl div { border: 1px solid color-mix(in srgb, currentColor 25%, transparent); border-radius: .5rem; padding: .75rem 1rem; }
dt { font-size: .85rem; opacity: .75; }
dd { margin: 0; font-size: 1.25rem; font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
dd small { display: block; font-size: .8rem; opacity: .75; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; padding: .75rem 1rem; border-radius: .5rem; background: color-mix(in srgb, currentColor 8%, transparent); }
body.stale dl { opacity: .5; }
body.unknown dl, body.unknown .known { display: none; }
${signInStyle}`;

const script = `
const $ = (id) => document.getElementById(id);
const n = (value) => value.toLocaleString();
// Ages are told by the gateway's clock: that of a phone, or of a Pi without a battery, may be anywhere.
let now = 0;
const ago = (time) => {
  if (time === null) return 'never';
  const s = Math.max(0, Math.round((now - Date.parse(time)) / 1000));
  return s < 120 ? s + ' s ago' : s < 7200 ? Math.round(s / 60) + ' min ago' : Math.round(s / 3600) + ' h ago';
};
function show(s) {
  $('summary').textContent = s.health.summary;
  $('name').textContent = s.gateway.id + ' · Headgate ' + s.gateway.version;
  $('clock').textContent = s.clock.quality;
  $('time').textContent = s.clock.now.slice(0, 19).replace('T', ' ') + ' UTC, from ' + s.clock.source;
  if (s.clock.quality === 'unset') tellTime();
  $('in').textContent = n(s.flow.receivedPerSecond) + ' /s';
  $('total').textContent = n(s.flow.received) + ' since start, ' + n(s.flow.confirmed) + ' confirmed';
  $('clients').textContent = n(s.mqtt.connections);
  $('address').textContent = s.mqtt.address;
  $('devices').textContent = n(s.devices.online) + ' online';
  const absent = ['stale', 'offline', 'unknown'].filter((one) => s.devices[one] > 0);
  $('absent').textContent = 'of ' + n(s.devices.total) + absent.map((one) => ', ' + n(s.devices[one]) + ' ' + one).join('');
  $('waiting').textContent = n(s.buffer.waitingRecords);
  $('oldest').textContent = s.buffer.waitingRecords === 0 ? 'nothing waits' : 'oldest ' + ago(s.buffer.oldestWaitingAt);
  $('uplink').textContent = s.uplink.state + (s.uplink.etaSeconds === null ? '' : ', ' + s.uplink.etaSeconds + ' s to go');
  const place = s.uplink.collectors.findIndex((one) => one.isCurrent) + 1;
  $('why').textContent =
    s.uplink.reason ?? s.uplink.url + (s.uplink.collectors.length > 1 ? ', ' + place + ' of ' + s.uplink.collectors.length : '');
  $('out').textContent = n(s.uplink.acknowledgedPerSecond) + ' /s';
  $('acknowledged').textContent = 'last confirmed ' + ago(s.uplink.lastAcknowledgedAt);
  $('sink').textContent = s.collector === null ? 'elsewhere' : s.collector.sink;
  $('collector').textContent = s.collector === null ? s.uplink.url : s.collector.address;
  const port = s.mqtt.address.split(':').pop();
  $('try').textContent = 'mosquitto_pub -h ' + location.hostname.replace(/[\\[\\]]/g, '') + ' -p ' + port + ' -q 1 -t sensors/kitchen -m \\'{"temperature": 21.5}\\'';
}
// A gateway without a battery learns from whoever looks at it what time it is. It asks nobody when it knows.
function tellTime() {
  const body = JSON.stringify({ now: new Date().toISOString() });
  // Refused or lost: the next refresh tries again.
  fetch('api/v1/clock', { method: 'PUT', headers: { 'content-type': 'application/json' }, body }).catch(() => {});
}
async function refresh() {
  try {
    const response = await fetch('api/v1/status', { cache: 'no-store', signal: AbortSignal.timeout(5000) });
    if (response.status === 401 || response.status === 403) {
      const says = document.body.className === 'unknown' ? '' : await askWho();
      if (says !== '') $('summary').textContent = response.status === 401 ? says : 'You may not see how the gateway is doing.';
      document.body.className = 'unknown';
      setTimeout(refresh, 5000);
      return;
    }
    if (!response.ok) throw new Error(response.statusText);
    now = Date.parse(response.headers.get('date'));
    show(await response.json());
    document.body.className = '';
  } catch {
    document.body.className = 'stale';
    $('summary').textContent = 'The gateway does not answer. What is shown below is old.';
  }
  setTimeout(refresh, 2000);
}
${signInScript}
refresh();
// Nothing is missing where this fails: who is asked for a name is told so above.
askWho().catch(() => {});
`;

const tile = (title: string, value: string, detail: string): string =>
  `<div><dt>${title}</dt><dd><span id="${value}">–</span><small id="${detail}"></small></dd></div>`;

export const statusPage = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Headgate</title>
<style>${style}</style>
<h1 id="name">Headgate</h1>
<p id="summary">Asking the gateway …</p>
${signInForm}
<dl>
${tile('Messages in', 'in', 'total')}
${tile('MQTT clients', 'clients', 'address')}
${tile('Devices', 'devices', 'absent')}
${tile('Waiting on disk', 'waiting', 'oldest')}
${tile('Uplink', 'uplink', 'why')}
${tile('Confirmed by the collector', 'out', 'acknowledged')}
${tile('Collected in', 'sink', 'collector')}
${tile('Clock', 'clock', 'time')}
</dl>
<p class="known">Publish something:</p>
<pre class="known" id="try"></pre>
<p><a href="api/v1/status">Status as JSON</a> · <a href="api/v1/devices">Devices</a> · <a href="metrics">Metrics</a> · <a href="api/docs">API</a></p>
<script>${script}</script>
</html>
`;

/** Nothing but this page's own script and style, and nothing from anywhere else. */
export const contentSecurityPolicy = pagePolicy(script, style);
