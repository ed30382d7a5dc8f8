import { pagePolicy } from './page-policy.ts';

// The page at "/api/docs": the OpenAPI document, as people read it. It asks nobody but this gateway, for nothing but that.

const style = `
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { margin: 0 auto; max-width: 54rem; padding: 2rem 1rem; }
h1 { font-size: 1.35rem; margin: 0; }
h2 { font-size: 1.1rem; margin: 2rem 0 .5rem; }
h3 { font-size: .85rem; margin: .75rem 0 .25rem; opacity: .75; font-weight: 600; }
#about { opacity: .8; }
details { border-top: 1px solid color-mix(in srgb, currentColor 20%, transparent); padding: .35rem 0; }
summary { cursor: pointer; overflow-wrap: anywhere; }
summary b { display: inline-block; min-width: 4rem; }
summary small { display: block; margin-left: 4.25rem; opacity: .75; }
details > div { margin: 0 0 .75rem 1rem; }
ul { list-style: none; margin: 0; padding-left: 1rem; }
ul ul { border-left: 1px solid color-mix(in srgb, currentColor 20%, transparent); }
i { opacity: .7; font-style: normal; font-size: .85rem; }
code, pre { font: .85rem/1.5 ui-monospace, monospace; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; padding: .5rem .75rem; border-radius: .5rem; background: color-mix(in srgb, currentColor 8%, transparent); margin: .25rem 0; }
input { font: inherit; width: 100%; box-sizing: border-box; padding: .4rem .6rem; margin-top: 1rem; }
`;

const script = `
const made = (name, text, ...inside) => {
  const element = document.createElement(name);
  if (text) element.textContent = text;
  element.append(...inside);
  return element;
};
let all;
const resolved = (schema) => (schema.$ref ? schema.$ref.slice(2).split('/').reduce((at, key) => at[key], all) : schema);
function typeOf(schema) {
  const options = schema.anyOf ?? schema.oneOf;
  if (options) return [...new Set(options.map((one) => typeOf(resolved(one))))].join(' | ');
  if ('const' in schema) return JSON.stringify(schema.const);
  if (schema.enum) return schema.enum.map((one) => JSON.stringify(one)).join(' | ');
  if (schema.type === 'array') return 'list of ' + typeOf(resolved(schema.items ?? {}));
  return (schema.type ?? 'anything') + (schema.format ? ', ' + schema.format : '');
}
function limitsOf({ minimum, maximum, minLength, maxLength, minItems, maxItems, pattern, default: usual }) {
  const range = (from, to, what) => (from === undefined && to === undefined ? [] : [what + ' ' + (from ?? '') + '…' + (to ?? '')]);
  return [
    ...range(minimum, maximum, ''), ...range(minLength, maxLength, 'length'), ...range(minItems, maxItems, 'items'),
    ...(pattern === undefined ? [] : [pattern]), ...(usual === undefined ? [] : ['default ' + JSON.stringify(usual)]),
  ].join(', ').trim();
}
function row(name, given, isRequired, depth) {
  const schema = resolved(given);
  const limits = limitsOf(schema);
  const line = made('li', '', made('code', name), ' ', made('i', typeOf(schema) + (isRequired ? '' : ', optional') + (limits ? ', ' + limits : '')));
  if (schema.description) line.append(' ' + schema.description);
  line.append(...membersOf(schema, depth + 1));
  return line;
}
function membersOf(given, depth = 0) {
  if (depth > 6) return [];
  const schema = resolved(given);
  if (schema.properties) {
    const rows = Object.entries(schema.properties).map(([name, one]) => row(name, one, schema.required?.includes(name), depth));
    return [made('ul', '', ...rows)];
  }
  if (schema.items) return membersOf(schema.items, depth + 1);
  return (schema.anyOf ?? []).flatMap((one) => membersOf(one, depth + 1));
}
function contentOf(content = {}) {
  return Object.entries(content).flatMap(([type, { schema }]) => [made('p', '', made('code', type), ' ', made('i', typeOf(resolved(schema)))), ...membersOf(schema)]);
}
function operation(path, method, what) {
  const inside = made('div');
  if (what.description) inside.append(made('p', what.description));
  inside.append(made('p', what['x-needs'] ? 'Needs: ' + what['x-needs'] + '.' : 'Needs nothing.'));
  if (what.parameters) {
    const rows = what.parameters.map((one) => row(one.name + ' (' + one.in + ')', { description: one.description, ...one.schema }, one.required, 0));
    inside.append(made('h3', 'Parameters'), made('ul', '', ...rows));
  }
  if (what.requestBody) inside.append(made('h3', 'Body'), ...contentOf(what.requestBody.content));
  for (const [status, answer] of Object.entries(what.responses)) {
    if (status === 'default') continue;
    inside.append(made('h3', status + ' ' + answer.description));
    if (Number(status) < 400) inside.append(...contentOf(answer.content));
  }
  const body = what.requestBody ? " -H 'content-type: application/json' -d '{}'" : '';
  inside.append(made('h3', 'With curl'), made('pre', 'curl' + (method === 'get' ? '' : ' -X ' + method.toUpperCase()) + body + " '" + location.origin + path + "'"));
  return made('details', '', made('summary', '', made('b', method.toUpperCase()), made('code', path), made('small', what.summary)), inside);
}
function show() {
  document.getElementById('name').textContent = all.info.title + ' ' + all.info.version;
  document.getElementById('about').textContent = all.info.description;
  const groups = new Map(all.tags.map(({ name }) => [name, made('section', '', made('h2', name))]));
  for (const [path, methods] of Object.entries(all.paths)) {
    for (const [method, what] of Object.entries(methods)) groups.get(what.tags[0]).append(operation(path, method, what));
  }
  document.getElementById('all').replaceChildren(...groups.values());
}
document.getElementById('find').addEventListener('input', ({ target }) => {
  const text = target.value.toLowerCase();
  for (const one of document.querySelectorAll('details')) one.hidden = !one.firstChild.textContent.toLowerCase().includes(text);
});
fetch('openapi.json').then((answer) => answer.json()).then((found) => {
  all = found;
  show();
}, (error) => {
  document.getElementById('about').textContent = 'The gateway does not answer: ' + error.message;
});
`;

export const docsPage = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Headgate API</title>
<style>${style}</style>
<h1 id="name">Headgate</h1>
<p id="about">Asking the gateway …</p>
<p><a href="openapi.json">OpenAPI document</a></p>
<input id="find" type="search" placeholder="Find a path" aria-label="Find a path">
<main id="all"></main>
<script>${script}</script>
</html>
`;

export const docsPolicy = pagePolicy(script, style);
