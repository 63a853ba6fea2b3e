// One exchange under its own name.
import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { asking } from "@/api/asking";
import { client } from "@/api/client";
import { useRefresh } from "@/app/preferences";
import { fromParam } from "@/model/names";
import { ExchangePage } from "./ExchangePage";

const route = getRouteApi("/exchanges/$vhost/$name");

export default function Exchange() {
  const { vhost, name } = route.useParams();
  const { data, error, refetch } = useQuery(
    asking(["exchange", vhost, name], (signal) => client.GET("/api/v1/exchanges/{vhost}/{name}", { params: { path: { vhost, name } }, signal }), useRefresh()),
  );
  return <ExchangePage vhost={fromParam(vhost)} name={fromParam(name)} exchange={data} error={error} again={() => void refetch()} />;
}
