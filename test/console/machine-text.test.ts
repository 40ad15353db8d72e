import { expect, test } from 'vitest';
import { machineText, recordText } from '../../agent/console/machine-text.ts';
import { actionText } from '../../agent/plan/plan.ts';

test('a computer is told by what stands on its label, as far as the firmware knows it', () => {
  expect(machineText({ manufacturer: 'Contoso', model: 'Book 14', serial: 'S1', uuid: 'U1' })).toBe(
    'Contoso Book 14, serial S1',
  );
  expect(machineText({ model: 'Book 14', uuid: 'U1' })).toBe('Book 14, UUID U1');
  expect(machineText({})).toBe('of no name');
});

test('who policy takes it for is told without its secrets', () => {
  const userState = {
    role: 'restore',
    association: '8f4b2c1e-8d1f-4a9b-9f3e-0d9a4b7c6e51',
    store: '\\\\srv\\state',
    key: 'never-to-be-seen',
    method: 'files',
  } as const;
  expect(recordText({ name: 'GRZ-1', userState }, true)).toBe(
    'known to policy as GRZ-1; it takes over the user state of another computer',
  );
  expect(recordText({}, true)).toBe('known to policy');
  expect(recordText(undefined, true)).toBe('an unknown computer: policy has no record of it');
  expect(recordText(undefined, false)).toBe('');
});

test('an action is told as its author calls it, with its item, and without what tells equal steps apart', () => {
  expect(actionText({ name: 'install-package', id: 'CON00002' })).toBe('install-package:CON00002');
  expect(
    actionText({
      name: 'install-package',
      id: 'CON00002',
      control: { title: 'Software / Tools', mark: '1a' },
    }),
  ).toBe('Software / Tools: CON00002');
  expect(actionText({ name: 'send-status', message: 'x', control: { mark: '1a2b3c4d' } })).toBe(
    'send-status',
  );
});
