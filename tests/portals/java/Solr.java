import java.nio.file.Path;
import java.util.Properties;
import org.apache.solr.embedded.JettyConfig;
import org.apache.solr.embedded.JettySolrRunner;

/** Solr in the foreground: java -cp 'jars/*' Solr.java HOME PORT */
public class Solr {
    public static void main(String[] words) throws Exception {
        Path home = Path.of(words[0]).toAbsolutePath();
        int port = Integer.parseInt(words[1]);
        JettyConfig config =
                JettyConfig.builder().setPort(port).setContext("/solr").stopAtShutdown(true).build();
        Properties properties = new Properties();
        JettySolrRunner server = new JettySolrRunner(home.toString(), properties, config);
        server.start();
        Thread.currentThread().join();
    }
}
