// Builds the UI into the package that serves it; `npm run dev` passes what is asked of the API on to a running hoptrail.
import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

const served = process.env.HOPTRAIL_DEV_URL ?? "http://127.0.0.1:8652";

export default defineConfig({
  plugins: [react()],
  resolve: { alias: { "@": fileURLToPath(new URL("./src", import.meta.url)) } },
  build: {
    outDir: "../../api/static",
    emptyOutDir: true,
    target: "es2023",
    // Inlined files would need `data:` in the Content-Security-Policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  worker: { format: "es" },
  server: { proxy: { "/api": served, "/healthz": served } },
  test: {
    restoreMocks: true,
    // Plain logic needs no page, whose making takes longer than its tests.
    projects: [
      { extends: true, test: { name: "logic", environment: "node", include: ["src/**/*.test.ts"] } },
      { extends: true, test: { name: "components", environment: "jsdom", include: ["src/**/*.test.tsx"] } },
    ],
  },
});
