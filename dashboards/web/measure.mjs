// Runs a measurement that is written in TypeScript: `node measure.mjs MODULE FUNCTION [JSON ARGUMENT ...]`, prints its result as JSON.
import { runnerImport } from "vite";

const [path, name, ...given] = process.argv.slice(2);
const { module } = await runnerImport(path);
console.log(JSON.stringify(await module[name](...given.map((each) => JSON.parse(each)))));
