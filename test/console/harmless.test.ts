import { expect, it } from 'vitest';
import { harmless, harmlessName } from '../../agent/console/harmless.ts';

it('takes from text what moves the cursor, colours the screen or turns the writing', () => {
  expect(harmless('a\x1b[2K\x1b[1Apass\rb\x9b1m\u202egnp.exe\n\tnext')).toBe(
    'a?[2K?[1Apass?b?1m?gnp.exe\n\tnext',
  );
});

it('lets a name make no line of its own', () => {
  expect(harmlessName('x\nThe media arrived whole.\u2028')).toBe('x?The media arrived whole.?');
  expect(harmlessName('Größe 日本語 🚀.txt')).toBe('Größe 日本語 🚀.txt');
});
