import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { topicMatches } from '../../../src/lib/topic-filter.ts';
import { FilterTree } from '../../../src/registry/topics/filter-tree.ts';
import { isId } from '../../../src/registry/topics/level-id.ts';
import { type Leaf, TemplateTree } from '../../../src/registry/topics/template-tree.ts';

class Note implements Leaf {
  template: string;
  into: Note | undefined;
  constructor(template: string) {
    this.template = template;
  }
  moved(template: string): void {
    this.template = template;
  }
  joined(other: Leaf): void {
    this.into = other as Note;
  }
  get whole(): Note {
    return this.into?.whole ?? this;
  }
}

const place = (tree: TemplateTree<Note>, topic: string) => tree.place(topic, (template) => new Note(template));

test('levels that are ids vary at once', () => {
  const rows: readonly (readonly [string, string])[] = [
    ['home/kitchen/temperature', 'home/kitchen/temperature'],
    ['site/17/state', 'site/+/state'],
    ['site/-3.5/x', 'site/+/x'],
    ['bt/AA:BB:CC:DD:EE:FF', 'bt/+'],
    ['eui/70-b3-d5-7e-d0-00-11-22', 'eui/+'],
    ['u/123e4567-e89b-12d3-a456-426614174000/v', 'u/+/v'],
    ['shelly1pmminig3-48f6ee8d12dc/x', '+/x'],
    ['tasmota_1A2B3C/tele', '+/tele'],
    ['msh/!9e7f12ab/json', 'msh/+/json'],
    ['dev/0x00158d0001234567', 'dev/+'],
    ['dev/a1b2c3d4e5f6', 'dev/+'],
    // Words, although all their letters are hexadecimal digits, or they begin like one.
    ['cafe/facade/decade', 'cafe/facade/decade'],
    ['v3/sensor-1/feed', 'v3/sensor-1/feed'],
    ['/leading//empty/', '/leading//empty/'],
    ['$SYS/broker/uptime', '$SYS/broker/uptime'],
    [`a/${'long'.repeat(20)}/b`, 'a/+/b'],
    [Array.from({ length: 20 }, () => 'x').join('/'), `${'x/'.repeat(16)}#`],
  ];
  for (const [topic, template] of rows) {
    assert.equal(place(new TemplateTree<Note>(), topic).template, template);
    assert.ok(topicMatches(template, topic), template);
  }
  assert.equal(isId(''), false);
});

test('where too many words are met they become one level, with what is below them', () => {
  const tree = new TemplateTree<Note>();
  const rooms = ['kitchen', 'bath', 'hall', 'attic', 'cellar', 'porch', 'study', 'garage', 'garden'];
  const first = rooms.slice(0, 8).map((room) => place(tree, `home/${room}/temperature`));
  const humidity = place(tree, 'home/bath/humidity');
  assert.deepEqual(
    first.map(({ template }) => template),
    rooms.slice(0, 8).map((room) => `home/${room}/temperature`),
  );
  place(tree, `home/${rooms[8]}/temperature`);
  assert.equal(humidity.template, 'home/+/humidity');
  assert.deepEqual(new Set(first.map(({ whole }) => whole.template)), new Set(['home/+/temperature']));
  assert.equal(place(tree, 'home/new/temperature').whole, first[0]!.whole);
  // The first level holds conventions of all kinds: it takes more to make it one.
  for (let i = 0; i < 60; i++)
    assert.equal(place(tree, `node${'abcdefgh'[i % 8]}${'pqrstuvw'[i >> 3]}/x`).template.endsWith('/x'), true);
  assert.equal(place(tree, 'home/new/temperature').whole.template, 'home/+/temperature');
});

test('what was taken out is not there any more', () => {
  const tree = new TemplateTree<Note>();
  const one = place(tree, 'a/b/c');
  tree.remove('a/b');
  assert.equal(place(tree, 'a/b/c'), one);
  tree.remove('a/b/c');
  tree.remove('a/b/c');
  assert.notEqual(place(tree, 'a/b/c'), one);
});

const levels = fc.array(
  fc.oneof(fc.constantFrom('a', 'b', 'c', '', '$x', '12', 'ü'), fc.stringMatching(/^[a-z]{1,3}$/)),
  {
    minLength: 1,
    maxLength: 20,
  },
);

test('the template of a topic matches the topic, whatever came before', () => {
  fc.assert(
    fc.property(fc.array(levels, { maxLength: 60 }), (topics) => {
      const tree = new TemplateTree<Note>();
      const notes = topics.map((one) => [one.join('/'), place(tree, one.join('/'))] as const);
      for (const [topic, note] of notes) assert.ok(topicMatches(note.whole.template, topic), note.whole.template);
    }),
    { numRuns: 300 },
  );
});

test('a filter is found by how much it says of a topic', () => {
  const tree = new FilterTree<string>();
  for (const filter of ['#', 'a/#', 'a/+', 'a/b', '+/b/c', 'a/+/c', '$SYS/#']) tree.set(filter, filter);
  const rows: readonly (readonly [string, string | undefined])[] = [
    ['a/b', 'a/b'],
    ['a/x', 'a/+'],
    ['a', 'a/#'],
    ['a/b/c', 'a/+/c'],
    ['a/b/d', 'a/#'],
    ['x/b/c', '+/b/c'],
    ['x', '#'],
    ['$SYS/x', '$SYS/#'],
    ['$other', undefined],
  ];
  for (const [topic, filter] of rows) assert.equal(tree.find(topic), filter, topic);
});

test('a filter is found exactly when one matches', () => {
  const filterLevels = fc.array(fc.constantFrom('a', 'b', '+', '', '$x'), { minLength: 1, maxLength: 4 });
  const filters = fc.array(fc.tuple(filterLevels, fc.boolean()), { maxLength: 8 });
  fc.assert(
    fc.property(
      filters,
      fc.array(fc.constantFrom('a', 'b', '', '$x'), { minLength: 1, maxLength: 5 }),
      (all, topicLevels) => {
        const tree = new FilterTree<string>();
        const texts = all.map(([one, isOpen]) => one.join('/') + (isOpen ? '/#' : ''));
        for (const text of texts) tree.set(text, text);
        const topic = topicLevels.join('/');
        const found = tree.find(topic);
        if (found === undefined) assert.ok(!texts.some((text) => topicMatches(text, topic)), topic);
        else assert.ok(topicMatches(found, topic), `${found} ${topic}`);
      },
    ),
    { numRuns: 1_000 },
  );
});
