// A WIM of 1.7 KB for the self-test: one image with three files, LZX, integrity table. Deflated, because a command must carry it where no tool can
// make one. Made by: wimlib-imagex capture FOLDER tiny.wim Selftest 'three small files' --compress=lzx --check --no-acls
import { inflateRawSync } from 'node:zlib';

const DEFLATED = [
  'vZV/TJR1HMdf90OUX4XBFgucd8cydou4OwRyO64O7g6evONu3CFKkwn6kG5HLO4wkBJCK8EhSmyhtDSlNl1hc1KU1iyYabPGav7R',
  'WFaaWxClRa01B7R77hlyRFRr6/Nsz/f7+X7e78/38/k+7+8el7dMcAEjAPEKWlFDC9zVnvLGPbtE4/CkYeIO7a6DCkIPXEAy5QFl',
  'eCL7VKnC6xtUEf6ippHHM1GR/n+x9aGXScqmMnEoenK0k1rx6FdyOEq7pXblLUvL9bC7HMuyF6YP3/jUPl674unSy6WLmK/0dt6O',
  '6Mn3/kne/sLmwArv3+UdOvv40MnNtVvE+BhPnRgIVj4magKivzojKAaC8TH3aWgFBUs8Bn53p+u7+149F31N/0SUU5llso3r2/Y2',
  'aKtKVglp9aqU7uWP9PX4Ll2IuxIqI0ENWfu3bz6eX2e6+Lamt23d1AzJochBRcIz15eWd11tb7g55f/l1tLCjcmp307mJho+P/lJ',
  'T+u+9J4Twg9nG+1HC77IatNFuYuuprXo9ujdmRbK+w+P7jyUfOp8/bYzcSmpHU99/GjCbmXbjvQ92k3fxHWPT3xoGeut720qvtlz',
  '7vRP2080vv7uqf2Dy+7Msw4/rFbFtt9Y0vzsrxVd3yetevJ9ceByl+PNF++d2jH+W+VLNSPTtPwoH+gxRXjSIAstLL+BLxOt5T9X',
  'r654oL/3ua+Foe+aXps4HQaoR2ZFoJjDcI82Dug/6/9o2PFB9FvakQ5vZ6o2VsbtlveIZe4eF+uH0zKndXkzrxy/X7lSOxb/fLY+',
  'SUZ0yoykCMaVpqmXz6+tOaI07rw05lFX3Z2xce/MtJkyBFxYMEujlULsaBAoxoad9eShw4hOQhRjxYUdC15E/FQTRCRAEDOZc6Jm',
  'bAiUUICbUorxYcEkYf68bsaBgBN7xGqWhF4oYsaHGx9WnOSzAR92vFjIIZtscsiVmAtjzBRhpQQbTqnDtRFRg8RcDGGmgBLsWPEh',
  '4JYqEmZ7LkKgkCI8UgaflLEBA0Zs2MjFyhry5T3mI804cVM2jxviGXGwBgc5rJa483GhtcWqcmLFiw8Xbun0Q2da8L93YCWbXFkD',
  'C3Xwb6q0SV8j1LOAZxZhIchW6hAR0RCghkr8+NFQzTb8kk7DClyYHYrdvgF/rbMHpU4W01jm7J2KkX4X4et4hMF3vH2D+mMZ6x7a',
  'Z79W3rw1cVNexR8=',
].join('');

/** What applying image 1 leaves, by path. */
export const TINY_WIM_FILES: Readonly<Record<string, string>> = {
  'plain.txt': 'Prestage self-test\r\n',
  'Ordner/名前.txt': 'ünïcode\r\n',
  'Ordner/packed.bin': 'Prestage '.repeat(7282).slice(0, 65_536),
};

/** @returns a fresh copy of its bytes. */
export function tinyWim(): Buffer {
  return inflateRawSync(Buffer.from(DEFLATED, 'base64'));
}
