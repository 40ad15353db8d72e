import { expect, it } from 'vitest';
import { boundaryOf } from '../../agent/policy/boundary.ts';
import { LAPTOP, policy } from '../support/signed-documents.ts';

const point = (url: string, priority = 10) => ({ url, priority });
const value = policy({
  boundaries: [
    {
      name: 'Graz',
      subnets: ['10.1.0.0/16', 'not a subnet'],
      managementPoints: ['https://mp-graz.contoso.example', 'https://mp.contoso.example'],
      distributionPoints: [point('https://dp-graz.contoso.example', 1), point('\\\\dp\\prestage')],
    },
    {
      name: 'Linz',
      subnets: ['10.2.0.0/16'],
      managementPoints: ['https://mp-linz.contoso.example'],
      distributionPoints: [],
    },
    {
      name: 'Austria',
      subnets: ['10.0.0.0/8', '2001:db8::/32'],
      managementPoints: ['https://mp.contoso.example'],
      distributionPoints: [point('\\\\dp\\prestage', 3), point('https://dp.contoso.example')],
    },
  ],
});
const at = (...ipAddresses: readonly string[]) => boundaryOf(value, { ...LAPTOP, ipAddresses });

it('joins what the groups name that hold one of the machine’s addresses, each point once, in policy’s order', () => {
  expect(at('192.168.1.1', '10.1.2.3')).toEqual({
    groups: ['Graz', 'Austria'],
    managementPoints: ['https://mp-graz.contoso.example', 'https://mp.contoso.example'],
    distributionPoints: [
      point('https://dp-graz.contoso.example', 1),
      point('\\\\dp\\prestage'),
      point('https://dp.contoso.example'),
    ],
  });
});

it('knows IPv6, and a machine outside all boundaries', () => {
  expect(at('2001:db8::1').groups).toEqual(['Austria']);
  expect(at('192.168.1.1')).toEqual({ groups: [], managementPoints: [], distributionPoints: [] });
  expect(at()).toEqual({ groups: [], managementPoints: [], distributionPoints: [] });
});
