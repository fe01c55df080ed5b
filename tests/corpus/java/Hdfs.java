import com.sun.net.httpserver.HttpServer;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.file.Path;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.hdfs.server.datanode.DataNode;
import org.apache.hadoop.hdfs.server.namenode.NameNode;
import org.apache.hadoop.metrics2.lib.DefaultMetricsSystem;
import org.apache.log4j.BasicConfigurator;
import org.apache.log4j.Level;
import org.apache.log4j.Logger;

/**
 * A new HDFS of a NameNode and a DataNode, in the foreground: java -cp 'jars/*' Hdfs.java FOLDER PORT
 * READY. WebHDFS is at PORT; at READY something answers once files can be written.
 */
public class Hdfs {
    public static void main(String[] words) {
        BasicConfigurator.configure();
        Logger.getRootLogger().setLevel(Level.WARN);
        DefaultMetricsSystem.setMiniClusterMode(true); // several servers in one process
        try {
            serve(Path.of(words[0]).toUri(), words[1], Integer.parseInt(words[2]));
        } catch (Exception error) {
            error.printStackTrace();
            System.exit(1); // the servers' threads would go on
        }
    }

    private static void serve(URI folder, String port, int ready) throws Exception {
        Configuration told = new Configuration();
        told.set("fs.defaultFS", "hdfs://127.0.0.1:0");
        told.set("dfs.namenode.http-address", "127.0.0.1:" + port);
        told.set("dfs.namenode.name.dir", folder + "names");
        told.set("dfs.datanode.data.dir", folder + "data");
        told.set("dfs.datanode.hostname", "127.0.0.1");
        told.set("dfs.datanode.address", "127.0.0.1:0");
        told.set("dfs.datanode.http.address", "127.0.0.1:0");
        told.set("dfs.datanode.ipc.address", "127.0.0.1:0");
        told.set("dfs.replication", "1");
        // What follows makes it quick for a test, which needs no disk and has one client.
        told.set("dfs.namenode.edits.noeditlogchannelflush", "true");
        told.set("dfs.client.block.write.locateFollowingBlock.initial.delay.ms", "10");
        NameNode.format(told);
        NameNode names = NameNode.createNameNode(new String[0], told);
        told.set("fs.defaultFS", "hdfs://" + names.getNameNodeAddressHostPortString());
        DataNode data = DataNode.createDataNode(new String[0], told);
        while (!data.isDatanodeFullyStarted() || names.isInSafeMode()) {
            Thread.sleep(50);
        }
        HttpServer.create(new InetSocketAddress("127.0.0.1", ready), 0).start();
        names.join();
    }
}
