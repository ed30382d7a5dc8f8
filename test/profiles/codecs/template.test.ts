import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { compileTemplate } from '../../../src/profiles/codecs/home-assistant/template.ts';
import { parseJson } from '../../../src/profiles/json.ts';

const read = (template: string, value: string) => compileTemplate(template)?.read({ value, json: parseJson(value) });

const payload =
  '{"temperature":23.2,"a":{"b c":[1,{"x":"7"}]},"on":true,"word":" Hi ","n":"12.345","zero":0,"null":null}';

type Row = readonly [template: string, result: unknown, path?: string];

const rows: readonly Row[] = [
  ['{{ value_json.temperature}}', 23.2, 'temperature'],
  ['{{value_json.temperature}}', 23.2, 'temperature'],
  ['{{- value_json.temperature -}}', 23.2, 'temperature'],
  ["{{ value_json['temperature'] }}", 23.2, 'temperature'],
  ['{{ value_json["a"]["b c"][0] }}', 1, 'a.b c.0'],
  ["{{ value_json.a['b c'][1].x | float }}", 7, 'a.b c.1.x'],
  ["{{ value_json.a['b c'][-2] }}", 1, 'a.b c.-2'],
  ['{{ value_json.temperature | is_defined }}', 23.2, 'temperature'],
  ['{{ value_json.missing | is_defined }}', undefined, 'missing'],
  ['{{ value_json.missing.deeper }}', undefined, 'missing.deeper'],
  ['{{ value_json.missing | default(5) }}', 5, 'missing'],
  ["{{ value_json.missing | default('') }}", '', 'missing'],
  ['{{ value_json.word | float(0) }}', 0, 'word'],
  ['{{ value_json.word | float }}', undefined, 'word'],
  ['{{ value_json.n | float | round(2) }}', 12.35, 'n'],
  ['{{ value_json.n | round }}', 12, 'n'],
  ["{{ '%.1f' | format(value_json.n) }}", 12.3],
  ["{{ '%s' | format(value_json.n) }}", undefined],
  ['{{ value_json.n | multiply(2) | add(1) }}', 25.69],
  ['{{ value_json.n | multiply }}', undefined],
  ["{{ value_json.get('n') }}", '12.345', 'n'],
  ["{{ value_json.get('missing', 7) }}", 7, 'missing'],
  ['{{ value_json.n | int }}', 12, 'n'],
  ['{{ value_json.word | trim | upper }}', 'HI'],
  ['{{ value_json.temperature / 10 }}', 2.32],
  ['{{ value_json.temperature | float / 10 }}', 2.32],
  ['{{ (value_json.temperature | float / 10) | round(1) }}', 2.3],
  ['{{ value_json.temperature | float * 1.8 + 32 }}', 73.76],
  ['{{ (value_json.temperature|float(0) * 0.1)|round(2) }}', 2.32],
  ['{{ float(value_json.n) - 2 }}', 10.345],
  ['{{ -value_json.temperature }}', -23.2],
  ['{{ 1 - 0.9 }}', 0.1],
  ['{{ 7 // 2 }}', 3],
  ['{{ value_json.temperature / 0 }}', undefined],
  ["{{ 'ON' if value_json.on else 'OFF' }}", 'ON'],
  ["{{ 'ON' if value_json.zero else 'OFF' }}", 'OFF'],
  ["{{ 'ON' if value_json.on == true else 'OFF' }}", 'ON'],
  ["{{ 'ON' if value_json.temperature > 20 and not value_json.zero else 'OFF' }}", 'ON'],
  ["{{ 'online' if value_json.a is defined and value_json.a.z is not defined else 'offline' }}", 'online'],
  ["{{ 'offline' if value_json.a is undefined else 'online' }}", 'online'],
  ['{{ value_json.n if value_json.n is defined else 0 }}', '12.345', 'n'],
  ['{% if value_json.on %}ON{% else %}OFF{% endif %}', 'ON'],
  ['{%- if value_json.zero == 1 -%} a {%- elif value_json.temperature >= 23 -%} b {%- else -%} c {%- endif -%}', 'b'],
  ['{% if value_json.on %}{{ value_json.temperature }}{% endif %}', 23.2],
  ['{{ value_json.missing | default }}', '', 'missing'],
  ["{{ 'ON' if value_json.n in ('1', '12.345') else 'OFF' }}", 'ON'],
  ["{{ 'ON' if value_json.zero in [1, 2] else 'OFF' }}", 'OFF'],
  ["{{ 'ON' if value_json.zero not in [1, 2] else 'OFF' }}", 'ON'],
  ['{%if value_json.on%}on{%else%}off{%endif%}', 'on'],
  ['{{ "OFF" if value_json.zero == 0 else "ON" }}', 'OFF'],
  // zwave-js-ui, github.com/domoticz/domoticz issue 5416
  [`{{ {0: "off", 23.2: "heat", 2: "cool"}[value_json.temperature] | default('off') }}`, 'heat'],
  [`{{ {0: "off", 1: "heat"}[value_json.temperature] | default('off') }}`, 'off'],
  [`{{ {"0": "off", "1": "heat"}[value_json.zero] }}`, undefined],
  ['{{ value_json.null }}', null, 'null'],
  ['{{ value_json.__proto__ }}', undefined, '__proto__'],
  ['{{ value_json.constructor.constructor }}', undefined, 'constructor.constructor'],
  ['{{ value_json.a.toString }}', undefined, 'a.toString'],
  ['constant', 'constant'],
];

for (const [template, result, path] of rows) {
  test(`template ${template}`, () => {
    assert.deepEqual([read(template, payload), compileTemplate(template)?.path?.join('.')], [result, path]);
  });
}

test('a payload that is no object', () => {
  assert.equal(read('{{ value }}', '21.5'), '21.5');
  assert.equal(read('{{ value | float + 1 }}', '21.5'), 22.5);
  assert.equal(read('{{ value|float|round(1) }}', ' 21.55 '), 21.6);
  assert.equal(read('{{ value_json }}', '21.5'), 21.5);
  assert.equal(read('{{ value_json.x }}', 'no json'), undefined);
  assert.equal(read("{{ 'ON' if value == 'open' else 'OFF' }}", 'open'), 'ON');
});

/** Programs, and what no maker of devices needs: refused, not guessed. */
const refused = [
  '{{ value_json.x | regex_replace("a", "b") }}',
  '{{ value_json.x.split(",")[0] }}',
  "{{ states('sensor.x') }}",
  '{% set x = 1 %}{{ x }}',
  '{% for a in value_json %}{{ a }}{% endfor %}',
  '{{ value_json.a }} and {{ value_json.b }}',
  '{"installed_version":"{{ value_json.a }}"}',
  '{{ value_json.a',
  '{{ }}',
  '{{ value_json. }}',
  '{{ value_json[ }}',
  '{{ value_json.x | float( }}',
  '{{ 1 2 }}',
  '{{ value in }}',
  '{{ value in (1, }}',
  "{{ {0: 'off'} }}",
  "{{ {0: 'off', value: 1}[value] }}",
  "{{ {0 'off'}[value] }}",
  '{{ {{}} }}',
  `{{ value in (${'1,'.repeat(100)}1) }}`,
  '{% if value %}a',
  '{% if value %}a{% else %}b',
  '{# a comment #}',
  '',
  `{{ ${'('.repeat(100)}value${')'.repeat(100)} }}`,
  `{{ ${'not '.repeat(100)}value }}`,
  `{{ ${'-'.repeat(100)}1 }}`,
  `{{ value${'|float'.repeat(100)} }}`,
  `{{ 1${'+1'.repeat(100)} }}`,
  `{{ value_json.${'x'.repeat(1000)} }}`,
];

for (const template of refused) {
  test(`beyond what is understood: ${template.slice(0, 60)}`, () => assert.equal(compileTemplate(template), undefined));
}

test('any template', () => {
  const words = [
    '{{',
    '}}',
    '{%',
    '%}',
    'value',
    'value_json',
    '.',
    '[',
    ']',
    '(',
    ')',
    '|',
    'float',
    'if',
    'else',
    'endif',
  ];
  const more = [
    'elif',
    'not',
    'and',
    'is',
    'defined',
    '+',
    '-',
    '*',
    '/',
    '==',
    '1',
    "'a'",
    '"',
    ' ',
    'round',
    'default',
    ',',
  ];
  const template = fc.array(fc.oneof(fc.constantFrom(...words, ...more), fc.string({ maxLength: 3 })), {
    maxLength: 40,
  });
  fc.assert(
    fc.property(template, fc.json(), (parts, json) => {
      const compiled = compileTemplate(`{{${parts.join('')}}}`) ?? compileTemplate(parts.join(' '));
      const result = compiled?.read({ value: json, json: parseJson(json) });
      assert.ok(
        result === null || ['undefined', 'string', 'number', 'boolean', 'object', 'bigint'].includes(typeof result),
      );
    }),
    { numRuns: 2000 },
  );
});
