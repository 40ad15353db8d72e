// Which image of a boot.wim takes the agent. The ADK's winpe.wim has one; Windows' boot.wim has Windows PE as image 1 and, marked to start, Windows Setup as
// image 2, which is a Windows PE too but shows Setup.
import { Advice } from '../setup/say.mjs';

const isSetup = ({ name, description = '' }) => /setup/i.test(`${name} ${description}`);

/**
 * @param {{ images: readonly { index: number, name: string, description?: string }[], bootIndex: number, asked?: number }} wim
 * @returns {{ image: object, why: string }} Throws advice when there is no such image, or none that is not Setup.
 */
export function chooseImage({ images, bootIndex, asked, file }) {
  const list = images.map(({ index, name }) => `${index} "${name}"`).join(', ');
  if (asked !== undefined) {
    const image = images.find(({ index }) => index === asked);
    if (image) return { image, why: 'as asked for' };
    throw new Advice(
      `${file} has no image ${asked}; nothing was made. It has: ${list}. Give one of these with --index, or leave --index out.`,
    );
  }
  if (images.length === 1) return { image: images[0], why: 'the only one' };
  const marked = images.find(({ index }) => index === bootIndex);
  if (marked && !isSetup(marked)) return { image: marked, why: 'the one that is marked to start' };
  const first = images.find(image => !isSetup(image));
  if (first === undefined)
    throw new Advice(
      `${file} holds Windows Setup only (${list}); nothing was made. Say which image is to take the agent with --index.`,
    );
  return { image: first, why: marked ? `image ${marked.index}, marked to start, is Setup` : 'the first' };
}
