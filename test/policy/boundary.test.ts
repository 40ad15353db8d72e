import { expect, it } from 'vitest';
import { boundaryOf, type Place } from '../../agent/policy/boundary.ts';
import { LAPTOP, policy } from '../support/signed-documents.ts';

const point = (url: string, priority = 10) => ({ url, priority });
const value = policy({
  boundaries: [
    {
      name: 'Graz',
      subnets: ['10.1.0.0/16', 'not a subnet'],
      gateways: ['192.168.0.1', '2001:db8:0:0::1'],
      adSites: ['Graz-Office'],
      neighbours: ['Wien', 'linz', 'Nowhere'],
      managementPoints: ['https://mp-graz.contoso.example', 'https://mp.contoso.example'],
      distributionPoints: [point('https://dp-graz.contoso.example', 1), point('\\\\dp\\prestage')],
    },
    {
      name: 'Linz',
      subnets: ['10.2.0.0/16'],
      neighbours: ['Salzburg', 'Graz'],
      managementPoints: ['https://mp-linz.contoso.example'],
      distributionPoints: [point('https://dp-linz.contoso.example', 0)],
    },
    {
      name: 'Austria',
      subnets: ['10.0.0.0/8', '2001:db8::/32'],
      managementPoints: ['https://mp.contoso.example'],
      distributionPoints: [point('\\\\dp\\prestage', 3), point('https://dp.contoso.example')],
    },
    {
      name: 'Wien',
      managementPoints: [],
      distributionPoints: [point('https://dp-wien.contoso.example/', 1000)],
    },
    {
      name: 'Salzburg',
      subnets: ['10.3.0.0/16'],
      managementPoints: [],
      distributionPoints: [point('https://dp-salzburg.contoso.example')],
    },
    {
      name: 'World',
      default: true,
      managementPoints: ['https://mp-world.contoso.example'],
      distributionPoints: [
        point('https://dp-wien.contoso.example'),
        point('https://dp-world.contoso.example'),
      ],
    },
  ],
});
const at = (place: Partial<Place>) => boundaryOf(value, { ...LAPTOP, ...place });
const levels = (place: Partial<Place>) =>
  at(place).distributionPoints.map(({ url, level }) => `${level} ${url}`);

it('joins what the groups name that hold one of the machine’s addresses, each point once, at its nearest', () => {
  const { groups, managementPoints } = at({ ipAddresses: ['192.168.1.1', '10.1.2.3'] });
  expect(groups).toEqual([
    { name: 'Graz', why: 'subnet 10.1.0.0/16 holds 10.1.2.3' },
    { name: 'Austria', why: 'subnet 10.0.0.0/8 holds 10.1.2.3' },
  ]);
  expect(managementPoints).toEqual(['https://mp-graz.contoso.example', 'https://mp.contoso.example']);
  expect(levels({ ipAddresses: ['10.1.2.3'] })).toEqual([
    'boundary https://dp-graz.contoso.example',
    'boundary \\\\dp\\prestage',
    'boundary https://dp.contoso.example',
    'neighbour https://dp-wien.contoso.example/',
    'neighbour https://dp-linz.contoso.example',
    'default https://dp-world.contoso.example',
  ]);
});

it('knows IPv6', () => {
  expect(at({ ipAddresses: ['2001:db8::1'] }).groups.map(({ name }) => name)).toEqual(['Austria']);
});

it.each<[Partial<Place>, string]>([
  [{ gateways: ['10.9.0.1', '192.168.0.1'] }, 'gateway 192.168.0.1'],
  [{ gateways: ['2001:DB8::1'] }, 'gateway 2001:db8:0:0::1'],
  [{ adSite: 'GRAZ-office' }, 'Active Directory site Graz-Office'],
  // What is most like the network itself is told.
  [{ ipAddresses: ['10.1.0.9'], adSite: 'Graz-Office' }, 'subnet 10.1.0.0/16 holds 10.1.0.9'],
])('holds a machine with %j', (place, why) => {
  expect(at(place).groups[0]).toEqual({ name: 'Graz', why });
});

it('holds nobody by a gateway or site of another name', () => {
  expect(at({ gateways: ['192.168.0.10', 'fe80::1%5', ''], adSite: 'Graz' }).groups).toEqual([
    { name: 'World', why: 'in no other group' },
  ]);
});

it('asks neighbours in the order in which they are named, whatever their priorities, and never those of a neighbour', () => {
  const { neighbours, distributionPoints } = at({ adSite: 'Graz-Office' });
  expect(neighbours).toEqual(['Wien', 'Linz']);
  expect(distributionPoints.filter(({ level }) => level === 'neighbour')).toEqual([
    { url: 'https://dp-wien.contoso.example/', priority: 1000, level: 'neighbour' },
    { url: 'https://dp-linz.contoso.example', priority: 1001, level: 'neighbour' },
  ]);
  // A circle: each is the other's neighbour.
  expect(at({ ipAddresses: ['10.2.0.1'] }).neighbours).toEqual(['Salzburg', 'Graz']);
  // What holds the machine itself is no neighbour.
  expect(at({ ipAddresses: ['10.1.0.1', '10.2.0.1'] }).neighbours).toEqual(['Wien', 'Salzburg']);
});

it('has default groups for a machine that no other group holds, and behind all others', () => {
  expect(at({ ipAddresses: ['192.168.1.1'] })).toEqual({
    groups: [{ name: 'World', why: 'in no other group' }],
    neighbours: [],
    managementPoints: ['https://mp-world.contoso.example'],
    distributionPoints: [
      { url: 'https://dp-wien.contoso.example', priority: 10, level: 'default' },
      { url: 'https://dp-world.contoso.example', priority: 10, level: 'default' },
    ],
  });
  expect(at({ adSite: 'Graz-Office' }).managementPoints).not.toContain('https://mp-world.contoso.example');
});

it('says nothing where policy has no groups', () => {
  expect(boundaryOf(policy({ boundaries: [] }), { ...LAPTOP, ipAddresses: ['10.1.0.1'] })).toEqual({
    groups: [],
    neighbours: [],
    managementPoints: [],
    distributionPoints: [],
  });
});
