// Starts the UI.
import "@fontsource-variable/source-sans-3/wght.css";
import "@fontsource-variable/source-code-pro/wght.css";
import "@/styles/tokens.css";
import "@/styles/base.css";
import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { makeQueries } from "@/api/queries";
import { fetchScreens } from "@/app/lazy";
import { followOldAddress } from "@/app/old-addresses";
import { applyTheme } from "@/app/preferences";
import { makeRouter } from "@/app/router";

applyTheme();
followOldAddress();

/** Until then the page that was asked for has been fetched, and drawn. */
const FETCH_OTHERS_MS = 3000;
const router = makeRouter();
const root = document.getElementById("root");
if (root) {
  createRoot(root).render(
    <StrictMode>
      <QueryClientProvider client={makeQueries()}>
        <RouterProvider router={router} />
      </QueryClientProvider>
    </StrictMode>,
  );
  setTimeout(() => fetchScreens(router), FETCH_OTHERS_MS);
}
