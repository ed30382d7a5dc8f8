import { pagePolicy } from '../../api/page-policy.ts';
import type { Excerpt, Told } from './told.ts';

// The page that is there when the gateway is not: one file, no request but to this port, whole without its script.

const style = `
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { margin: 0 auto; max-width: 46rem; padding: 2rem 1rem; }
h1 { font-size: 1.35rem; font-weight: 600; margin: 0 0 1rem; }
h2 { font-size: 1rem; font-weight: 600; margin: 2rem 0 .5rem; }
p, li { overflow-wrap: anywhere; }
ul { margin: 0 0 1rem; padding-left: 1.25rem; }
.advice { border-left: .25rem solid currentColor; padding-left: .75rem; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; margin: 0; padding: .75rem 1rem; border-radius: .5rem; font: .85rem/1.5 ui-monospace, monospace; background: color-mix(in srgb, currentColor 8%, transparent); }
pre mark { color: inherit; background: color-mix(in srgb, currentColor 16%, transparent); font-weight: 700; }
code { overflow-wrap: anywhere; }
form { display: inline-block; margin: 0 .5rem .5rem 0; }
button, .button { font: inherit; padding: .5rem 1rem; min-height: 44px; box-sizing: border-box; border: 1px solid; border-radius: .5rem; color: inherit; background: none; cursor: pointer; text-decoration: none; display: inline-block; }
button:hover, .button:hover { background: color-mix(in srgb, currentColor 8%, transparent); }
.quiet { opacity: .8; font-size: .9rem; }
:focus-visible { outline: 3px solid currentColor; outline-offset: 2px; }
`;

// It loads the page again when something else is wrong, or nothing: what is being read stays where it is otherwise.
const script = `
const shown = document.body.dataset.number;
async function look() {
  try {
    const answer = await fetch('/api/v1/health/ready', { cache: 'no-store', signal: AbortSignal.timeout(5000) });
    // What followed a form is not asked for again.
    if (shown === 'waiting') location.replace('/');
    else if (answer.headers.get('x-headgate-failure') !== shown) location.reload();
  } catch {
    // In the middle of being tried again.
  }
  setTimeout(look, 1000);
}
setTimeout(look, 1000);
`;

/** Its forms are sent to the gateway alone. */
export const failurePolicy = pagePolicy(script, style, "'self'");

export const tryAgainPath = '/start-up/try-again';
export const safeModePath = '/start-up/safe-mode';
export const bundlePath = '/start-up/bundle';

export function failurePage(told: Told, again: string): string {
  const { lines, advice, excerpts, log, at, lastGoodAt, code, number } = told;
  const what = lines.length === 1 ? `<p>${withCode(lines[0]!)}</p>` : list(lines);
  return page(
    number,
    `<h1>Headgate could not start</h1>
<div role="alert">
${what}
</div>
<p class="advice"><strong>What to do:</strong> ${withCode(advice)}</p>
${excerpts.map(excerptOf).join('\n')}
<h2>What happens next</h2>
<p>${withCode(again)}</p>
${button(tryAgainPath, 'Try again now')}
${lastGoodAt === undefined ? '' : safeMode(lastGoodAt)}
<p><a class="button" href="${bundlePath}" download>Download a support bundle</a></p>
<p class="quiet">All that helps to help, without secrets and without data of devices. Look into it before you send it.</p>
<h2 id="log">The log</h2>
<pre aria-labelledby="log" tabindex="0">${escaped(log.join('\n'))}</pre>
<p class="quiet">Since ${escaped(at)} · <code>${escaped(code)}</code></p>`,
  );
}

/** What follows a form: the answer comes when the gateway is there, or what is wrong again. */
export function waitingPage(): string {
  return page('waiting', '<h1>Headgate is being started</h1>\n<p role="status">This page shows what comes of it.</p>');
}

function page(number: number | string, body: string): string {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Headgate could not start</title>
<noscript><meta http-equiv="refresh" content="15; url=/"></noscript>
<style>${style}</style>
<body data-number="${number}">
<main>
${body}
</main>
<script>${script}</script>
</html>
`;
}

function safeMode(lastGoodAt: string): string {
  return `${button(safeModePath, 'Start in safe mode')}
<p class="quiet">In safe mode it runs with the configuration with which it started last, on ${escaped(lastGoodAt.slice(0, 16).replace('T', ' '))} UTC, until the file is right.</p>`;
}

function button(path: string, text: string): string {
  return `<form method="post" action="${path}"><button>${text}</button></form>`;
}

function excerptOf({ file, line, column, first, lines }: Excerpt): string {
  const width = String(first + lines.length - 1).length;
  const rows = lines.map((text, index) => {
    const number = first + index;
    const row = escaped(`${number === line ? '→' : ' '} ${String(number).padStart(width)}  ${text}`);
    return number === line ? `<mark>${row}</mark>` : row;
  });
  const title = `${file}, line ${line}, column ${column}`;
  return `<h2>${escaped(title)}</h2>\n<pre tabindex="0" aria-label="${escaped(title)}">${rows.join('\n')}</pre>`;
}

function list(lines: readonly string[]): string {
  return `<ul>${lines.map((line) => `<li>${withCode(line)}</li>`).join('')}</ul>`;
}

/** What stands between backticks is code. */
function withCode(text: string): string {
  return escaped(text).replace(/`([^`]+)`/g, '<code>$1</code>');
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (one) => entities[one]!);
}
