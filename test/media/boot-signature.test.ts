import { beforeAll, describe, expect, it } from 'vitest';
import { bootSignatures } from '../../agent/media/boot-signature.ts';
import { seeded } from '../support/seeded.ts';
import { CA_2023, openBootForge, PCA_2011 } from '../support/signed-boot.ts';
import { tempFolder } from '../support/temp-folder.ts';

const folder = tempFolder('boot-signature');
let unsigned: Buffer;
let by2011: Buffer;
let by2023: Buffer;
let byOther: Buffer;

beforeAll(async () => {
  const forge = await openBootForge(`${folder}/forge`);
  unsigned = Buffer.from(forge.unsigned);
  by2011 = Buffer.from(await forge.sign(PCA_2011));
  by2023 = Buffer.from(await forge.sign(CA_2023));
  byOther = Buffer.from(await forge.sign('Contoso Boot CA'));
});

/** Where the directory of the certificate table lies in a 64-bit program. */
function directoryOf(file: Buffer): number {
  return file.readUInt32LE(0x3c) + 24 + 112 + 4 * 8;
}

function tableOf(file: Buffer): { readonly start: number; readonly length: number } {
  return {
    start: file.readUInt32LE(directoryOf(file)),
    length: file.readUInt32LE(directoryOf(file) + 4),
  };
}

/** The program with the entries of both tables, as Microsoft's boot managers with two signatures have them. */
function withBoth(first: Buffer, second: Buffer): Buffer {
  const more = tableOf(second);
  const joined = Buffer.concat([first, second.subarray(more.start, more.start + more.length)]);
  joined.writeUInt32LE(tableOf(first).length + more.length, directoryOf(joined) + 4);
  return joined;
}

describe('the signature of a boot manager', () => {
  it('names the authority of 2011, with when its certificate expires', () => {
    expect(bootSignatures(by2011)).toEqual({
      kind: 'signed',
      signatures: [
        {
          authority: 'windows-2011',
          issuer: PCA_2011,
          signer: 'Microsoft Windows',
          issuerExpires: expect.stringMatching(/^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
        },
      ],
    });
  });

  it('names the authority of 2023, and another one by its own name', () => {
    expect(bootSignatures(by2023)).toMatchObject({
      signatures: [{ authority: 'windows-2023', issuer: CA_2023 }],
    });
    expect(bootSignatures(byOther)).toMatchObject({
      signatures: [{ authority: 'other', issuer: 'Contoso Boot CA' }],
    });
  });

  it('names both of a program that is signed twice', () => {
    expect(bootSignatures(withBoth(by2011, by2023))).toMatchObject({
      kind: 'signed',
      signatures: [{ authority: 'windows-2011' }, { authority: 'windows-2023' }],
    });
  });

  it('tells a program without a signature from what is no program', () => {
    expect(bootSignatures(unsigned)).toEqual({ kind: 'unsigned' });
    expect(bootSignatures(Buffer.from('boot manager'))).toMatchObject({ kind: 'unreadable' });
    expect(bootSignatures(new Uint8Array(0))).toMatchObject({ kind: 'unreadable' });
  });
});

describe('a hostile boot manager', () => {
  it('does not crash the reader wherever it is cut', () => {
    for (let length = 0; length < by2011.length; length += length < 2048 ? 1 : 37)
      expect(['unreadable', 'unsigned']).toContain(bootSignatures(by2011.subarray(0, length)).kind);
  });

  it.each([
    ['a table beyond the file', (file: Buffer) => file.writeUInt32LE(file.length - 4, directoryOf(file))],
    ['a table of 100 MB', (file: Buffer) => file.writeUInt32LE(100_000_000, directoryOf(file) + 4)],
    ['a table of 4 GB', (file: Buffer) => file.writeUInt32LE(0xffff_ffff, directoryOf(file) + 4)],
    ['an entry of no bytes', (file: Buffer) => file.writeUInt32LE(0, tableOf(file).start)],
    ['an entry beyond the table', (file: Buffer) => file.writeUInt32LE(0x7fff_ffff, tableOf(file).start)],
    ['a length beyond its entry', (file: Buffer) => file.writeUInt32BE(0x3084_ffff, tableOf(file).start + 8)],
    ['an indefinite length', (file: Buffer) => file.writeUInt16BE(0x3080, tableOf(file).start + 8)],
    ['a header beyond the file', (file: Buffer) => file.writeUInt32LE(0xffff_fff0, 0x3c)],
  ])('with %s is unreadable', (_, damage) => {
    const file = Buffer.from(by2011);
    damage(file);
    expect(bootSignatures(file)).toMatchObject({ kind: 'unreadable', why: expect.stringMatching(/\w/) });
  });

  it('with very many certificates or signers is unreadable', () => {
    const element = (tag: number, ...parts: readonly Uint8Array[]) => {
      const content = Buffer.concat(parts);
      const length = Buffer.alloc(4);
      length.writeUInt32BE(content.length);
      return Buffer.concat([Buffer.from([tag, 0x84]), length, content]);
    };
    const empty = Buffer.from([0x30, 0]);
    const table = (certificates: number, signers: number) =>
      element(
        0x30,
        Buffer.from('06092a864886f70d010702', 'hex'),
        element(
          0xa0,
          element(
            0x30,
            element(0xa0, ...Array.from({ length: certificates }, () => empty)),
            element(0x31, ...Array.from({ length: signers }, () => empty)),
          ),
        ),
      );
    for (const [certificates, signers, why] of [
      [65, 0, 'more than 64 certificates'],
      [0, 17, 'more than 16 signers'],
    ] as const) {
      const der = table(certificates, signers);
      const entry = Buffer.concat([Buffer.alloc(8), der]);
      entry.writeUInt32LE(entry.length, 0);
      entry.writeUInt16LE(0x200, 4);
      entry.writeUInt16LE(2, 6);
      const file = Buffer.concat([by2011, entry]);
      file.writeUInt32LE(by2011.length, directoryOf(file));
      file.writeUInt32LE(entry.length, directoryOf(file) + 4);
      expect(bootSignatures(file)).toEqual({ kind: 'unreadable', why });
    }
  });

  it('with any bytes changed never throws', () => {
    const random = seeded(7);
    const { start, length } = tableOf(by2011);
    for (let round = 0; round < 3000; round += 1) {
      const file = Buffer.from(by2011);
      for (let change = 0; change < 3; change += 1) {
        const [a = 0, b = 0, c = 0] = random.bytes(3);
        file[start + ((a * 256 + b) % length)] = c;
      }
      expect(['signed', 'unsigned', 'unreadable']).toContain(bootSignatures(file).kind);
    }
  });
});
