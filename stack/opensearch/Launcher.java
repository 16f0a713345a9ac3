import org.codelibs.opensearch.runner.OpenSearchRunner;

/** One node of OpenSearch with its modules, on 127.0.0.1, until standard input ends. `Launcher.java <http port> <transport port> <folder>` */
class Launcher {
  public static void main(String[] args) throws Exception {
    OpenSearchRunner runner = new OpenSearchRunner();
    runner.onBuild((number, settings) -> settings
        .put("network.host", "127.0.0.1")
        .put("http.port", args[0])
        .put("transport.port", args[1])
        .put("discovery.type", "single-node")
        .putList("node.roles", "cluster_manager", "data", "ingest")
        .put("cluster.routing.allocation.disk.threshold_enabled", false));
    runner.build(OpenSearchRunner.newConfigs().basePath(args[2]).numOfNode(1).clusterName("ddc").useLogger());
    while (System.in.read() != -1) {
      // Nobody says anything: its end is that of who started this.
    }
    runner.close();
    System.exit(0);
  }
}
