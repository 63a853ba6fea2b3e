// The default exchange of a vhost, which has no name.
import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { asking } from "@/api/asking";
import { client } from "@/api/client";
import { useRefresh } from "@/app/preferences";
import { fromParam } from "@/model/names";
import { ExchangePage } from "./ExchangePage";

const route = getRouteApi("/exchanges/$vhost");

export default function DefaultExchange() {
  const { vhost } = route.useParams();
  const { data, error, refetch } = useQuery(
    asking(["exchange", vhost], (signal) => client.GET("/api/v1/exchanges/{vhost}", { params: { path: { vhost } }, signal }), useRefresh()),
  );
  return <ExchangePage vhost={fromParam(vhost)} name="" exchange={data} error={error} again={() => void refetch()} />;
}
