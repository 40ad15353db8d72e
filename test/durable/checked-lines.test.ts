import { describe, expect, it } from 'vitest';
import { decodeLines, encodeLine } from '../../agent/durable/checked-lines.ts';

const three = Buffer.concat([{ n: 1 }, { n: 2, text: 'Zeile\nmit Umbruch, ü und 😀' }, [3]].map(encodeLine));

describe('checked lines', () => {
  it('come back as they were written', () => {
    expect(decodeLines(three)).toEqual({
      values: [{ n: 1 }, { n: 2, text: 'Zeile\nmit Umbruch, ü und 😀' }, [3]],
      validBytes: three.length,
      tail: 'none',
    });
  });

  it('begin with sixteen hex digits of the SHA-256 of the JSON', () => {
    expect(Buffer.from(encodeLine({ a: 1 })).toString()).toBe('015abd7f5cc57a2d {"a":1}\n');
  });

  it('are none in an empty file', () => {
    expect(decodeLines(new Uint8Array())).toEqual({ values: [], validBytes: 0, tail: 'none' });
  });

  it('tolerate a tail torn at any byte, and say where the sound part ends', () => {
    const two =
      encodeLine({ n: 1 }).length + encodeLine({ n: 2, text: 'Zeile\nmit Umbruch, ü und 😀' }).length;
    for (let length = two + 1; length < three.length; length += 1) {
      const read = decodeLines(three.subarray(0, length));
      expect(read.values).toHaveLength(2);
      expect(read).toMatchObject({ validBytes: two, tail: 'torn' });
      expect(read.damagedLine).toBeUndefined();
    }
  });

  it('tolerate zeros in place of the tail', () => {
    const read = decodeLines(Buffer.concat([three, Buffer.alloc(512)]));
    expect(read).toMatchObject({ validBytes: three.length, tail: 'zeros' });
    expect(read.values).toHaveLength(3);
  });

  it('report a byte flipped anywhere before the last valid line as damage', () => {
    const first = encodeLine({ n: 1 }).length;
    for (let offset = 0; offset < first; offset += 1) {
      const damaged = Buffer.from(three);
      damaged[offset] = damaged[offset]! ^ 0x01;
      expect(decodeLines(damaged).damagedLine, `offset ${offset}`).toBe(1);
    }
  });

  it('report zeros in the middle as damage, because only an end can be torn', () => {
    expect(decodeLines(Buffer.concat([three, Buffer.alloc(64), three])).damagedLine).toBe(4);
  });

  it('do not take a line of foreign text with a right checksum for a value', () => {
    const text = '97bf4b4c6b6e0c0a not json\n';
    expect(decodeLines(Buffer.from(text)).values).toEqual([]);
  });
});
